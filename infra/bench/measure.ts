import type { EtcdVersion, Lab } from '@etcd-rotate/lab';
import { allAre, tryOldLeaves } from '../demo/old-leaves.ts';
import { type ContenderName, contenders } from './contenders.ts';
import { inFreshLab } from './in-fresh-lab.ts';

/** One rotation under load. */
export interface Run {
  contender: ContenderName;
  etcd: EtcdVersion;
  /** `rotated`, or why it does not count. */
  outcome: string;
  /** Absent where it came to nothing that could be measured. */
  measured?: Measured;
}

export interface Measured {
  /** As etcd says it, such as `3.5.30`. */
  version: string;
  /** From the first command to its end. */
  seconds: number;
  /** Of etcd, counted from what the service script noted. */
  restarts: number;
  /** From each SIGTERM to the first fresh linearizable read, summed: what nobody could have saved. */
  floorSeconds: number;
  floors: { member: string; milliseconds: number }[];
  /** Restarts that no read was seen after; then the floor is too low. */
  unsampled: number;
  writes: { tried: number; failed: number; retried: number; lost: number; longestStallMs: number };
  watch: { lost: number; duplicates: number; outOfOrder: number };
}

export interface Setting {
  members: 1 | 3 | 5;
  etcd: EtcdVersion;
}

export function measure(contender: ContenderName, setting: Setting, signal: AbortSignal): Promise<Run> {
  const { control, rotate } = contenders[contender];
  return inFreshLab({ ...setting, keys: 'rsa', oneCa: false, control }, signal, async (lab) => {
    if (!allAre('accepted', await tryOldLeaves(lab)))
      throw new Error('a port refuses its leaf to begin with');
    // Anew, so that what the load met while the lab started is not counted.
    await lab.load.stop();
    await lab.load.start();
    await lab.sampler.start();
    const begun = performance.now();
    const { outcome } = await rotate(lab, signal);
    const seconds = (performance.now() - begun) / 1000;
    const { floors, floorSeconds } = await lab.sampler.stop();
    const { writes, watch } = await lab.load.stop();
    const restarts = countRestarts(lab);
    const isDone = allAre('refused', await tryOldLeaves(lab));
    const measured: Measured = {
      version: lab.etcdVersion,
      seconds,
      restarts,
      floorSeconds,
      floors: floors.map(({ member, term, read }) => ({ member, milliseconds: read - term })),
      unsampled: restarts - floors.length,
      writes,
      watch: { lost: watch.lost, duplicates: watch.duplicates, outOfOrder: watch.outOfOrder },
    };
    return {
      contender,
      etcd: setting.etcd,
      outcome: outcome === 'rotated' && !isDone ? 'leaves of the old CAs still open a port' : outcome,
      measured,
    };
  });
}

function countRestarts(lab: Lab): number {
  return lab.layout.members
    .flatMap(({ name }) => lab.etcd(name).restarts())
    .filter(({ start }) => start !== undefined).length;
}
