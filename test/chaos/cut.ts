import { execFileSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { impatient } from './policy.ts';
import type { Fault } from './scene.ts';

/**
 * Cuts NATS off: packets to its address are dropped, those of open connections as well, and nobody is told. A route to
 * nowhere for the one address, which needs no firewall and disturbs nobody else on this machine.
 */
export function cutNats(): Fault {
  return {
    name: 'cut nats-server',
    policy: impatient,
    async strike({ lab, chance, say }) {
      const address = addressOf(lab.layout.coordinator.listen);
      route('add', address);
      // Interrupted, we must not leave a machine that reaches one of its addresses no more.
      const mend = (): void => route('del', address);
      process.once('exit', mend);
      say(`cut off ${address}`);
      try {
        // Longer than the patience of the policy.
        await pause(chance.between(6_000, 8_000));
      } finally {
        process.off('exit', mend);
        mend();
      }
      say(`${address} is there again`);
      return { at: Date.now() };
    },
  };
}

export function canCut(): boolean {
  try {
    route('add', '127.250.250.250');
    route('del', '127.250.250.250');
    return true;
  } catch {
    return false;
  }
}

function route(verb: 'add' | 'del', address: string): void {
  execFileSync('ip', ['route', verb, 'blackhole', `${address}/32`, 'table', 'local'], { stdio: 'ignore' });
}

function addressOf(listen: string): string {
  return listen.slice(0, listen.lastIndexOf(':'));
}
