import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Lab } from '@etcd-rotate/lab';
import { answersAgain, servesSince } from './back-again.ts';

/** A time in which a member was not there. Epoch milliseconds. */
export interface Down {
  member: string;
  from: number;
  /** When it served again; absent while it is away. */
  to?: number;
  /** By a restart of ours, or by the fault. */
  by: 'restart' | 'fault';
}

/**
 * Follows when members are down: the service script notes each SIGTERM and start, faults say what they do, and etcd says
 * when it serves.
 */
export class Downtimes implements AsyncDisposable {
  readonly all: Down[] = [];
  readonly #lab: Lab;
  readonly #seen: Record<string, number> = {};
  readonly #stop = new AbortController();
  readonly #loop: Promise<void>;

  constructor(lab: Lab) {
    this.#lab = lab;
    for (const { name } of lab.layout.members) this.#seen[name] = linesOf(lab, name).length;
    this.#loop = this.#follow();
  }

  /** A kill, which is none of our doing. */
  killed(member: string): void {
    this.all.push({ member, from: Date.now(), by: 'fault' });
  }

  /** Stopped, and not woken before `woken` is called. */
  stopped(member: string): { woken(): Promise<void> } {
    const down: Down = { member, from: Date.now(), by: 'fault' };
    this.all.push(down);
    return {
      woken: async () => {
        const at = await answersAgain(this.#lab, member, this.#stop.signal);
        down.to = at;
      },
    };
  }

  /** Waits until every member that was started serves again. */
  async settled(): Promise<void> {
    while (!this.#stop.signal.aborted && this.all.some(({ to }) => to === undefined)) await pause(20);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  async #follow(): Promise<void> {
    const starts: Record<string, number> = {};
    while (!this.#stop.signal.aborted) {
      for (const { name } of this.#lab.layout.members) {
        for (const [what, at] of this.#newLines(name)) {
          if (what === 'TERM') this.all.push({ member: name, from: at, by: 'restart' });
          if (what === 'START') starts[name] = at;
        }
        const started = starts[name];
        const open = this.all.filter((down) => down.member === name && down.to === undefined);
        if (started === undefined || open.length === 0) continue;
        const serves = servesSince(this.#lab, name, started);
        for (const down of open) if (serves !== undefined && started >= down.from) down.to = serves;
      }
      await pause(10);
    }
  }

  #newLines(member: string): Line[] {
    const lines = linesOf(this.#lab, member).slice(this.#seen[member]);
    this.#seen[member] = (this.#seen[member] ?? 0) + lines.length;
    return lines;
  }
}

type Line = [what: string, at: number];

function linesOf(lab: Lab, member: string): Line[] {
  const { restartsFile } = lab.etcd(member);
  if (!existsSync(restartsFile)) return [];
  const lines = readFileSync(restartsFile, 'utf8').split('\n');
  return lines.filter(Boolean).map((line): Line => {
    const [what = '', at = ''] = line.split(' ');
    return [what, Number(at)];
  });
}
