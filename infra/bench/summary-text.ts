import { table } from '../demo/table.ts';
import type { Summary } from './summary.ts';

/** A line for each contender, and what is to be said besides. */
export function summaryText(summaries: readonly Summary[]): string {
  const rows = summaries.map((summary) => {
    const { etcd, version = etcd, contender, runs, seconds, fastest, slowest, ratio, restarts } = summary;
    if (runs === 0) return [version, contender, '0'];
    const { floorSeconds, overhead, writes, watchLost } = summary;
    return [
      version,
      contender,
      String(runs),
      seconds.toFixed(1),
      `${fastest.toFixed(1)}-${slowest.toFixed(1)}`,
      ratio === undefined ? '' : ratio.toFixed(2),
      String(restarts),
      floorSeconds.toFixed(1),
      `${(100 * overhead).toFixed(0)} %`,
      String(writes.tried),
      String(writes.retried),
      String(writes.failed),
      String(writes.lost),
      writes.longestStallMs.toFixed(0),
      String(watchLost),
    ];
  });
  const columns =
    'etcd|rotation|runs|seconds|from-to|ratio|restarts|floor s|beyond|writes|retried|failed|lost|stall ms|watch lost';
  return [
    table([columns.split('|'), ...rows]),
    '',
    'seconds, restarts, floor and stall: medians. writes, watch: sums over the runs. ratio: to the runbook.',
    'floor: SIGTERM to the first fresh linearizable read, summed over the restarts. beyond: the share of the time besides.',
    ...summaries.flatMap(notes),
  ].join('\n');
}

function notes({ etcd, contender, failures, unsampled }: Summary): string[] {
  const times = (failure: string): number => failures.filter((other) => other === failure).length;
  return [
    ...[...new Set(failures)].map(
      (failure) => `did not end well, ${times(failure)} times: ${contender} on ${etcd}: ${failure}`,
    ),
    ...(unsampled > 0
      ? [`the floor of ${contender} on ${etcd} is too low: no read was seen after ${unsampled} restarts`]
      : []),
  ];
}
