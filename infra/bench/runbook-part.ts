import type { ContenderName } from './contenders.ts';
import type { Flags } from './flags.ts';
import { measure, type Run, type Setting } from './measure.ts';
import { takeTurns } from './take-turns.ts';

/** Longer than any rotation that goes well takes on a slow machine. */
const patience = 240_000;

interface Turn {
  contender: ContenderName;
  setting: Setting;
}

/**
 * One rotation after the other; runs are handed over as they end, so that an end before the last one loses none.
 *
 * @param begin of a run, told before it
 */
export async function measureRunbook(
  { runs, etcd, members, only }: Flags,
  signal: AbortSignal,
  { begin, end }: { begin: (what: string) => void; end: (run: Run) => void },
): Promise<void> {
  const turns = etcd.flatMap((version) =>
    only.map((contender): Turn => ({ contender, setting: { etcd: version, members } })),
  );
  const all = takeTurns(turns, runs);
  for (const [index, { contender, setting }] of all.entries()) {
    begin(`${index + 1} of ${all.length}: ${contender}, etcd ${setting.etcd}`);
    end(await tried(contender, setting, signal));
  }
}

/** One that comes to nothing keeps none after it from being tried. */
async function tried(contender: ContenderName, setting: Setting, signal: AbortSignal): Promise<Run> {
  const inTime = AbortSignal.timeout(patience);
  try {
    return await measure(contender, setting, AbortSignal.any([signal, inTime]));
  } catch (error) {
    signal.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    const outcome = inTime.aborted ? `not within ${patience / 1000} s` : reason;
    return { contender, etcd: setting.etcd, outcome };
  }
}
