import type { LoadReport, SamplerReport } from '@etcd-rotate/lab';
import type { Rotated } from './rotation.ts';

export interface Report {
  outcome: string;
  members: number;
  etcdVersion: string;
  strategy: string;
  restarts: number;
  leaderMoves: number;
  seconds: number;
  floorSeconds: number;
  writes: { tried: number; failed: number; retried: number; lost: number; longestStallMs: number };
  watch: { lost: number; duplicates: number; outOfOrder: number };
  /** Restarts that the sampler saw no read after; then the floor is too low. */
  unsampled: number;
  /** The share of the time that was not the restarts themselves. */
  overhead: number;
  /** Leaves of the first CAs; a renewal keeps those CAs, and so goes on accepting them. */
  oldLeavesRefused: boolean;
  /** Every port of every member presents another leaf. */
  leavesReplaced: boolean;
  /** Milliseconds from SIGTERM to the first fresh read, restart by restart. */
  floors: { member: string; milliseconds: number }[];
}

export interface Measured {
  rotated: Rotated;
  load: LoadReport;
  sampler: SamplerReport;
  restarts: number;
  oldLeavesRefused: boolean;
  leavesReplaced: boolean;
}

export function makeReport(
  about: { members: number; etcdVersion: string; strategy: string },
  { rotated, load, sampler, restarts, oldLeavesRefused, leavesReplaced }: Measured,
): Report {
  const { tried, failed, retried, lost, longestStallMs } = load.writes;
  const { seconds } = rotated;
  return {
    outcome: rotated.outcome,
    ...about,
    restarts,
    leaderMoves: rotated.leaderMoves ?? 0,
    seconds: round(seconds),
    floorSeconds: round(sampler.floorSeconds),
    writes: { tried, failed, retried, lost, longestStallMs },
    watch: { lost: load.watch.lost, duplicates: load.watch.duplicates, outOfOrder: load.watch.outOfOrder },
    unsampled: restarts - sampler.floors.length,
    overhead: round((seconds - sampler.floorSeconds) / seconds),
    oldLeavesRefused,
    leavesReplaced,
    floors: sampler.floors.map(({ member, term, read }) => ({ member, milliseconds: read - term })),
  };
}

/** Rotated, and nobody noticed. */
export function isGood({
  outcome,
  strategy,
  writes,
  watch,
  oldLeavesRefused,
  leavesReplaced,
}: Report): boolean {
  const { lost, duplicates, outOfOrder } = watch;
  return (
    outcome === 'rotated' &&
    writes.failed + writes.lost + lost + duplicates + outOfOrder === 0 &&
    leavesReplaced &&
    (strategy === 'renew' || oldLeavesRefused)
  );
}

export function reportText(
  { outcome, writes, watch, leavesReplaced, ...report }: Report,
  load: LoadReport,
): string {
  const { restarts, seconds, floorSeconds, overhead, floors, unsampled } = report;
  const perSecond = Math.round(writes.tried / load.seconds);
  const each = floors.map(({ member, milliseconds }) => `${member} ${milliseconds}`).join(', ');
  return [
    `outcome    ${outcome}`,
    `restarts   ${restarts} of etcd, counted from what the service script noted`,
    `writes     ${writes.tried} tried (${perSecond} a second), ${writes.failed} failed, ${writes.retried} retried, ${writes.lost} lost; longest stall ${writes.longestStallMs} ms`,
    `watch      ${watch.lost} lost, ${watch.duplicates} twice, ${watch.outOfOrder} out of order; taken up again ${load.watch.resumed} times`,
    `leaves     ${leavesReplaced ? 'every port presents another one' : 'NOT every port presents another one'}`,
    restarts === 0
      ? `time       ${seconds} s, and no restart`
      : `time       ${seconds} s, of which the restarts themselves ${floorSeconds} s: (${seconds} - ${floorSeconds}) / ${seconds} = ${(100 * overhead).toFixed(1)} % of the time`,
    ...(each ? [`           SIGTERM to the first fresh read in ms: ${each}`] : []),
    ...(unsampled > 0
      ? [`           no read was seen after ${unsampled} restarts, so this floor is too low`]
      : []),
    ...load.writer.failed
      .slice(0, 5)
      .map(({ sequence, at, errors }) => `failed     write ${sequence} at ${at}: ${errors.join('; ')}`),
  ].join('\n');
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
