import type { Lab, LoadReport, Ran } from '@etcd-rotate/lab';
import { Entry } from '@etcd-rotate/protocol';
import { expect } from 'vitest';

/** The object that `rotate --json` ends with. */
export function lastLine({ stdout }: Pick<Ran, 'stdout'>): Record<string, unknown> {
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Record<string, unknown>;
}

/** The whole journal, as an operator gets it. */
export async function entriesOf(lab: Lab): Promise<Entry[]> {
  const { stdout } = await lab.rotate(['journal', '--json']);
  return stdout
    .trim()
    .split('\n')
    .map((line) => Entry.parse(JSON.parse(line)));
}

/** What a rotation must not cost anybody. */
export function nobodyLost({ writes, watch, seconds, writer }: LoadReport): void {
  expect(writes, JSON.stringify(writer.failed.slice(0, 3))).toMatchObject({ failed: 0, lost: 0 });
  expect(watch).toMatchObject({ lost: 0, duplicates: 0, outOfOrder: 0 });
  expect(writes.tried / seconds).toBeGreaterThan(50);
}
