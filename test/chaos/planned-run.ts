import type { EtcdVersion } from '@etcd-rotate/lab';
import type { Point } from './point.ts';
import type { Fault } from './scene.ts';

/** One fault at one point of one rotation. */
export interface PlannedRun {
  /** Says it all but what is drawn: `3.5 kill agent before result change`. */
  key: string;
  seed: number;
  version: EtcdVersion;
  fault: Fault;
  point: Point;
}
