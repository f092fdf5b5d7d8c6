import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Result } from '@etcd-rotate/protocol';

export interface TestFolder extends AsyncDisposable {
  path: string;
  at(...names: string[]): string;
}

/** A folder of the test's own, gone after it. */
export async function aFolder(): Promise<TestFolder> {
  const path = await mkdtemp(join(tmpdir(), 'etcd-rotate-host-'));
  return {
    path,
    at: (...names) => join(path, ...names),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true }),
  };
}

export function unwrap<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new Error(`${result.failure.code}: ${result.failure.message}`);
}

/** What a result failed with, in short. */
export function codeOf(result: Result<unknown>): string {
  return result.ok ? 'ok' : result.failure.code;
}
