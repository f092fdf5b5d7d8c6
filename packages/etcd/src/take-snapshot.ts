import { createHash } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { fail, ok, type Result } from '@etcd-rotate/protocol';
import { failureOf } from './failures.ts';
import type { LazyClient } from './lazy-client.ts';
import type { Snapshot } from './member.ts';

interface Order {
  client: LazyClient;
  endpoint: string;
  path: string;
  /** Gives up when no byte came for so long; a large database may take its time. */
  stallMs: number;
}

/** Streams a snapshot into a file of mode 0600. Half of one never stands under its name. */
export async function takeSnapshot({ path, ...from }: Order): Promise<Result<Snapshot>> {
  const partial = `${path}.partial`;
  try {
    await rm(partial, { force: true });
    const file = await open(partial, 'wx', 0o600);
    const taken = await receive(from, file).finally(() => file.close());
    if (taken.ok) {
      await rename(partial, path);
      await syncFolder(dirname(path));
    } else {
      await rm(partial, { force: true });
    }
    return taken;
  } catch (error) {
    await rm(partial, { force: true }).catch(() => undefined);
    return notTaken(error, path, from.endpoint);
  }
}

function notTaken(error: unknown, path: string, endpoint: string): Result<never> {
  if (error instanceof Error && 'syscall' in error) {
    return fail(
      'snapshot-failed',
      `no snapshot in ${path}: ${error.message}`,
      'see that the folder exists and has room',
    );
  }
  const { message, hint, retryable, code } = failureOf(error, endpoint);
  const says = `no snapshot in ${path}: ${message}`;
  return code === 'permission-missing'
    ? fail(code, says, 'etcd auth is on: a snapshot needs the role "root"')
    : fail('snapshot-failed', says, hint, retryable);
}

async function receive(
  { client, ...from }: Omit<Order, 'path'>,
  file: FileHandle,
): Promise<Result<Snapshot>> {
  const etcd = await client.get();
  // 3.4 and 3.5 say no revision in the stream; what was committed before it began is in it.
  const { header } = await etcd.get('etcd-rotate/health').exec();
  // What etcd3 gives is gRPC's Readable; its type names `on` alone.
  const stream = (await etcd.maintenance.snapshot()) as unknown as Readable & { cancel(): void };
  const stalled = () => stream.destroy(new Error(`no byte of it came for ${from.stallMs} ms`));
  let timer = setTimeout(stalled, from.stallMs);
  const whole = createHash('sha256');
  const content = trailing32();
  let bytes = 0;
  try {
    for await (const { blob } of stream as AsyncIterable<{ blob: Buffer }>) {
      clearTimeout(timer);
      whole.update(blob);
      content.add(blob);
      await file.writeFile(blob);
      bytes += blob.length;
      timer = setTimeout(stalled, from.stallMs);
    }
  } finally {
    clearTimeout(timer);
    // Else the member would go on sending to nobody.
    stream.cancel();
  }
  await file.sync();
  const fault = faultIn(bytes, content.end());
  if (fault) {
    return fail(
      'snapshot-failed',
      `the snapshot of ${from.endpoint} is not whole: ${fault}`,
      'take it again',
      true,
    );
  }
  return ok({ bytes, sha256: whole.digest('hex'), revision: Number(header.revision) });
}

/** etcd appends the SHA-256 of the database, whose pages are multiples of 512 bytes. */
function faultIn(
  bytes: number,
  { computed, trailer }: { computed: Buffer; trailer: Buffer },
): string | undefined {
  if (bytes <= 512) return `it has ${bytes} bytes`;
  if (bytes % 512 !== 32) return `${bytes} bytes are no whole pages with a checksum behind them`;
  return computed.equals(trailer) ? undefined : 'its checksum is wrong';
}

/** Hashes all but the last 32 bytes of a stream, and gives those. */
function trailing32() {
  const hash = createHash('sha256');
  let held = Buffer.alloc(0);
  return {
    add(chunk: Buffer): void {
      const all = Buffer.concat([held, chunk]);
      const cut = Math.max(0, all.length - 32);
      hash.update(all.subarray(0, cut));
      held = Buffer.from(all.subarray(cut));
    },
    end: () => ({ computed: hash.digest(), trailer: held }),
  };
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  await folder.sync().finally(() => folder.close());
}
