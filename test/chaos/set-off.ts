import { setTimeout as pause } from 'node:timers/promises';
import type { Lab } from '@etcd-rotate/lab';
import { type AskedFor, awaitPoint } from './await-point.ts';
import type { JournalTail } from './journal-tail.ts';
import type { Operator } from './operator.ts';
import { type Kind, type Point, wordOf } from './point.ts';
import type { Chance } from './seeded.ts';

export interface SettingOff {
  lab: Lab;
  tail: JournalTail;
  asked: AskedFor;
  operator: Operator;
  chance: Chance;
  say(what: string): void;
  signal: AbortSignal;
}

/** Some entries come only of what somebody does in the middle of a rotation: does that, somewhere. */
export async function setOff(kind: Kind, parts: SettingOff): Promise<void> {
  const { lab, tail, asked, operator, chance, say, signal } = parts;
  const somewhere: Point = { kind: 'result change', share: chance.between(0, 0.9), when: 'after' };
  const word = wordOf(kind);
  switch (word) {
    case 'lead':
      await awaitPoint(somewhere, { tail, asked, signal });
      await lab.control.coordinator.kill('SIGKILL');
      say('killed the coordinator, so that it takes the lead again');
      await pause(chance.share() * 1_000);
      asked.note('lead');
      await lab.control.coordinator.start();
      return;
    case 'holding':
    case 'held':
    case 'resumed':
    case 'turned':
      await awaitPoint(somewhere, { tail, asked, signal });
      return operator.hold();
    case 'started':
    case 'ca':
    case 'sent':
    case 'signed':
    case 'result':
    case 'finished':
      return;
  }
}
