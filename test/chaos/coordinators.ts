import { setTimeout as pause } from 'node:timers/promises';
import type { LabOptions, Service } from '@etcd-rotate/lab';
import { patient } from './policy.ts';
import type { Fault, Scene } from './scene.ts';

/** How long nobody else leads after the leader was last heard of; short, so that it is lost within seconds. */
const leaseMs = 2_000;

const lab: Partial<LabOptions> = { coordinators: 2, lease: `${leaseMs / 1000}s` };

/** The one that leads is stopped and woken, again and again: the lease is lost and had again at random moments. */
export function loseLease(): Fault {
  return {
    name: 'lease of two coordinators lost',
    policy: patient,
    lab,
    async strike(scene) {
      const { chance, tail } = scene;
      for (let times = 0; times < 5 && !isOver(scene); times += 1) {
        const leader = leaderIn(scene);
        await stopFor(leader, chance.between(0.5 * leaseMs, 2.5 * leaseMs), scene);
        await pause(chance.between(200, 3_000));
        tail.read();
      }
      return { at: Date.now() };
    },
  };
}

/** The one that leads is stopped, another has led for long, and then it wakes and believes that it still leads. */
export function wakeLate(): Fault {
  return {
    name: 'leader of two coordinators woken late',
    policy: patient,
    lab,
    async strike(scene) {
      await stopFor(leaderIn(scene), scene.chance.between(4 * leaseMs, 6 * leaseMs), scene);
      return { at: Date.now() };
    },
  };
}

/** The one that leads dies, and is started again as a standby. */
export function killLeader(): Fault {
  return {
    name: 'leader of two coordinators killed',
    policy: patient,
    lab,
    async strike(scene) {
      const leader = leaderIn(scene);
      await leader.kill('SIGKILL');
      const at = Date.now();
      scene.say(`killed ${leader.name}`);
      await pause(scene.chance.between(0, 3_000));
      await leader.start();
      // Nobody waits for it to come back: the other one carries on.
      return { at };
    },
  };
}

/** The nats-server that both share, with the journal in it. */
export function killSharedNats(): Fault {
  return {
    name: 'nats-server of two coordinators killed',
    policy: patient,
    lab,
    async strike({ lab: { control }, chance, say }) {
      await control.nats.kill('SIGKILL');
      say('killed the nats-server');
      await pause(chance.between(500, 3_000));
      await control.nats.start();
      return { at: Date.now() };
    },
  };
}

export const faultsOfTwo = [loseLease, wakeLate, killLeader, killSharedNats] as const;

async function stopFor(service: Service, ms: number, { say }: Scene): Promise<void> {
  await service.kill('SIGSTOP');
  say(`stopped ${service.name} for ${Math.round(ms)} ms`);
  await pause(ms);
  await service.kill('SIGCONT');
  say(`woke ${service.name}`);
}

/** As the journal has it. */
function leaderIn({ lab: { control, layout }, tail }: Scene): Service {
  const lead = tail.entries.findLast(({ body }) => body.type === 'lead')?.body;
  const name = lead?.type === 'lead' ? lead.coordinator : undefined;
  const at = layout.coordinators.findIndex((coordinator) => coordinator.name === name);
  return control.coordinators[at] ?? control.coordinator;
}

function isOver({ tail }: Scene): boolean {
  return tail.entries.some(({ body }) => body.type === 'finished');
}
