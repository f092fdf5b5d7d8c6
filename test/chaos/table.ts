import { kindsByWord } from './draw-runs.ts';
import { wordOf } from './point.ts';
import { processes } from './processes.ts';
import type { Ended } from './run-once.ts';

const widths = { run: 48, verdict: 6, outcome: 34, failed: 6, carried: 8, seconds: 7 };

export function heading(): string {
  return row(['fault and point', '', 'outcome', 'failed', 'goes on', 'seconds', 'seed']);
}

export function lineOf({ run, breaches, outcome, held, failedWrites, ...ended }: Ended): string {
  const { landed, secondsToCarryOn, seconds } = ended;
  const how = [outcome ?? 'not over', ...(held.length > 0 ? [`held ${held.join(', ')}`] : [])].join(', ');
  const late = landed === 'after' && run.point.when === 'before' ? ' (came after)' : '';
  return row([
    `${run.key}${late}`,
    breaches.length === 0 ? 'ok' : 'FAILED',
    how,
    failedWrites === undefined ? '-' : String(failedWrites),
    secondsToCarryOn === undefined ? '-' : `${secondsToCarryOn.toFixed(2)} s`,
    seconds.toFixed(0),
    String(run.seed),
  ]);
}

/** Which kinds of entries met the death of which process, as counts. */
export function coverage(ended: readonly Ended[]): string {
  const words = Object.keys(kindsByWord);
  const lines = processes.map((process) => {
    const counts = words.map((word) => {
      const met = ended.filter(
        ({ run, landed }) =>
          landed !== undefined && wordOf(run.point.kind) === word && isKillOf(process, run.fault.name),
      );
      return `${met.length}`.padStart(word.length);
    });
    return `${process.padEnd(12)}  ${counts.join('  ')}`;
  });
  return [`${'killed at'.padEnd(12)}  ${words.join('  ')}`, ...lines].join('\n');
}

/** Combinations of entry and process that no run came to. */
export function notMet(ended: readonly Ended[]): string[] {
  return processes.flatMap((process) =>
    Object.keys(kindsByWord)
      .filter(
        (word) =>
          !ended.some(
            ({ run, landed }) =>
              landed !== undefined && wordOf(run.point.kind) === word && isKillOf(process, run.fault.name),
          ),
      )
      .map((word) => `${process} at ${word}`),
  );
}

function isKillOf(process: string, fault: string): boolean {
  return fault.startsWith('kill ') && fault.endsWith(process === 'etcd member' ? ' member' : process);
}

function row(cells: string[]): string {
  const sizes = Object.values(widths);
  return cells
    .map((cell, i) => cell.padEnd(sizes[i] ?? 0))
    .join('  ')
    .trimEnd();
}
