import type { Lab, LabOptions } from '@etcd-rotate/lab';
import type { Downtimes } from './downtimes.ts';
import type { JournalTail } from './journal-tail.ts';
import type { Chance } from './seeded.ts';

/** What a fault finds: a lab in the middle of a rotation, stopped at a point. */
export interface Scene {
  lab: Lab;
  tail: JournalTail;
  chance: Chance;
  downtimes: Downtimes;
  /** The step of the entry at the point, where it is of one. */
  step: string | undefined;
  /** Says what is done, for the log of the run. */
  say(what: string): void;
}

/** What came back, and when: from then on the rotation can be expected to carry on. */
export interface Revived {
  at: number;
}

/** A thing that goes wrong, once, and what comes back by itself or by the init system afterwards. */
export interface Fault {
  /** Of the key: `kill agent`. */
  name: string;
  /** Of the cluster: how long others wait for what is away. */
  policy: NonNullable<LabOptions['policy']>;
  /** What the lab has besides. */
  lab?: Partial<LabOptions>;
  /** What has to be there before the rotation begins, such as a small disk. */
  prepare?(lab: Lab, chance: Chance): Promise<AsyncDisposable>;
  strike(scene: Scene): Promise<Revived>;
}
