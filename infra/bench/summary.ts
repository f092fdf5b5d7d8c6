import type { EtcdVersion } from '@etcd-rotate/lab';
import { type ContenderName, yardstick } from './contenders.ts';
import type { Measured, Run } from './measure.ts';
import { median } from './median.ts';

/** All runs of one contender on one version of etcd. Figures are medians unless said. */
export interface Summary {
  etcd: EtcdVersion;
  /** As etcd says it, such as `3.5.30`; absent without a run that ended well. */
  version?: string;
  contender: ContenderName;
  /** Runs that ended well; only they are measured. */
  runs: number;
  /** Why others did not. */
  failures: string[];
  seconds: number;
  fastest: number;
  slowest: number;
  /** Seconds through the yardstick's; absent without a run of it. */
  ratio?: number;
  restarts: number;
  floorSeconds: number;
  /** The share of the time that was not the restarts themselves. */
  overhead: number;
  unsampled: number;
  /** Sums over all runs; the stall is the median of each run's longest. */
  writes: { tried: number; failed: number; retried: number; lost: number; longestStallMs: number };
  /** Sum over all runs. */
  watchLost: number;
}

export function summarize(runs: readonly Run[]): Summary[] {
  const groups = Map.groupBy(runs, ({ etcd, contender }) => `${etcd} ${contender}`);
  const summaries = [...groups.values()].map(summaryOf);
  return summaries.map((summary) => {
    const measuredBy = summaries.find(
      ({ etcd, contender }) => etcd === summary.etcd && contender === yardstick,
    );
    return measuredBy && measuredBy.runs > 0 && summary.runs > 0
      ? { ...summary, ratio: summary.seconds / measuredBy.seconds }
      : summary;
  });
}

function summaryOf(all: readonly Run[]): Summary {
  const runs = all.flatMap(({ outcome, measured }) => (outcome === 'rotated' && measured ? [measured] : []));
  const [first] = all;
  if (first === undefined) throw new Error('a summary of no runs');
  const middle = (of: (run: Measured) => number): number => median(runs.map(of));
  const sum = (of: (run: Measured) => number): number => runs.reduce((total, run) => total + of(run), 0);
  const seconds = runs.map((run) => run.seconds);
  const [{ version } = {}] = runs;
  return {
    etcd: first.etcd,
    ...(version !== undefined && { version }),
    contender: first.contender,
    runs: runs.length,
    failures: all.flatMap(({ outcome }) => (outcome === 'rotated' ? [] : [outcome])),
    seconds: median(seconds),
    fastest: Math.min(...seconds),
    slowest: Math.max(...seconds),
    restarts: middle(({ restarts }) => restarts),
    floorSeconds: middle(({ floorSeconds }) => floorSeconds),
    overhead: middle(({ seconds, floorSeconds }) => (seconds - floorSeconds) / seconds),
    unsampled: sum(({ unsampled }) => unsampled),
    writes: {
      tried: sum(({ writes }) => writes.tried),
      failed: sum(({ writes }) => writes.failed),
      retried: sum(({ writes }) => writes.retried),
      lost: sum(({ writes }) => writes.lost),
      longestStallMs: middle(({ writes }) => writes.longestStallMs),
    },
    watchLost: sum(({ watch }) => watch.lost),
  };
}
