import { open, stat } from 'node:fs/promises';

/** Somebody tried on NATS what the own nkey may not, or with an nkey that it does not know. */
export interface Violation {
  /** The public nkey. */
  nkey: string;
  what: string;
}

/**
 * Watches the log of our nats-server for what it refuses: it tells nobody but whoever tried.
 *
 * @returns how to stop
 */
export function watchViolations(logFile: string, onViolation: (violation: Violation) => void): Disposable {
  let from: number | undefined;
  let rest = '';
  let isBusy = false;
  const look = async (): Promise<void> => {
    if (isBusy) return;
    isBusy = true;
    try {
      const size = await stat(logFile).then(
        (found) => found.size,
        () => 0,
      );
      // What was there before is of an earlier run; a shorter file is a new one.
      from = from === undefined ? size : Math.min(from, size);
      const text = await readFrom(logFile, { from, until: Math.min(size, from + mostAtOnce) });
      from += text.length;
      const lines = (rest + text.toString('latin1')).split('\n');
      rest = (lines.pop() ?? '').slice(-longestLine);
      for (const line of lines) {
        const violation = violationIn(line);
        if (violation) onViolation(violation);
      }
    } finally {
      isBusy = false;
    }
  };
  const timer = setInterval(() => void look().catch(() => undefined), everyMs);
  timer.unref();
  void look().catch(() => undefined);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

const everyMs = 1_000;
const mostAtOnce = 1_048_576;
const longestLine = 10_000;

/** As nats-server writes them: `Publish Violation - Nkey "U…", Subject "…"`, `authentication error - Nkey "U…"`. */
export function violationIn(line: string): Violation | undefined {
  const [, what, nkey, more = ''] =
    /((?:Publish|Subscription|Reply Publish|Response) Violation|[Aa]uthentication error|Authorization Violation) - Nkey "([A-Z2-7]{1,60})"(.*)$/.exec(
      line,
    ) ?? [];
  return what === undefined || nkey === undefined
    ? undefined
    : { nkey, what: `${what}${more}`.slice(0, 300) };
}

async function readFrom(path: string, { from, until }: { from: number; until: number }): Promise<Buffer> {
  if (until <= from) return Buffer.alloc(0);
  await using file = await open(path, 'r');
  const buffer = Buffer.alloc(until - from);
  const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
  return buffer.subarray(0, bytesRead);
}
