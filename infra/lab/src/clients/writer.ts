// Writes numbers into etcd, a new key each, at a steady pace whatever etcd does: a write that has to wait keeps none
// after it from being tried. A write is tried again, over another connection, for 5 s in all.

import { setTimeout as pause } from 'node:timers/promises';
import { create, readRange } from '../grpc/etcd-calls.ts';
import {
  count,
  keyOf,
  type Numbered,
  rangeOf,
  readClientConfig,
  type WriterReport,
  type WriterStatus,
  writeJson,
} from './client-config.ts';
import { type Connection, Connections } from './connections.ts';
import { onReload } from './on-reload.ts';

const patience = 5_000;
/** How long one attempt may take: a proposal that was lost with its leader is answered after 7 s only. */
const attemptTimeout = 1_000;

const config = readClientConfig();
const connections = new Connections(config.endpoints, config.files);
const acknowledged: Numbered[] = [];
const failed: WriterReport['failed'] = [];
const errors: Record<string, number> = {};
const underWay = new Set<Promise<void>>();
let tried = 0;
let retried = 0;
let reloads = 0;
let longestStallMs = 0;
let longestStallAt = 0;
let lastAnswer = 0;

onReload(config, connections, {
  done: () => {
    reloads += 1;
  },
});
let stopping = false;
process.on('SIGTERM', () => {
  stopping = true;
});

const statusTimer = setInterval(writeStatus, 200);
const ready = Date.now() + 5_000;
while (!stopping && connections.usable().length < config.endpoints.length && Date.now() < ready) {
  await connections.change(100);
}
const started = Date.now();
lastAnswer = started;
while (!stopping) {
  const due = Math.floor(((Date.now() - started) * config.perSecond) / 1000);
  while (tried < due) startWrite();
  await pause(1000 / config.perSecond);
}
await Promise.all(underWay);
noteStall();
const seconds = (Date.now() - started) / 1000;
clearInterval(statusTimer);
writeStatus();
writeJson(config.reportFile, {
  seconds,
  tried,
  retried,
  failed,
  lost: await readBack(),
  longestStallMs,
  longestStallAt,
  reloads,
  acknowledged,
  errors,
} satisfies WriterReport);
connections.close();
process.exit();

function startWrite(): void {
  tried += 1;
  const writing = write(tried);
  underWay.add(writing);
  void writing.finally(() => underWay.delete(writing));
}

async function write(sequence: number): Promise<void> {
  const begun = Date.now();
  const deadline = begun + patience;
  const met: string[] = [];
  let last: Connection | undefined;
  for (;;) {
    const left = deadline - Date.now();
    if (left <= 0) break;
    const connection = connections.next(last);
    if (!connection) {
      if (met.at(-1) !== 'no connection') met.push('no connection');
      await connections.change(left);
      continue;
    }
    last = connection;
    try {
      const timeout = Math.min(left, attemptTimeout);
      const key = keyOf(config.prefix, sequence);
      const revision = await create(connection.session, { key, value: String(sequence), timeout });
      if (met.length > 0) retried += 1;
      noteStall();
      acknowledged.push([sequence, revision]);
      return;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      met.push(`${connection.endpoint}: ${reason}`);
      count(errors, reason);
      if (reason.startsWith('no answer')) connections.doubt(connection);
      // A connection that breaks fails every call at once; there may be a moment until the session knows.
      else await pause(5);
    }
  }
  failed.push({ sequence, at: new Date(begun).toISOString(), errors: met.slice(-10) });
}

/** The time between two acknowledgements, whichever writes they are of. */
function noteStall(): void {
  const now = Date.now();
  if (now - lastAnswer > longestStallMs) {
    longestStallMs = now - lastAnswer;
    longestStallAt = lastAnswer;
  }
  lastAnswer = now;
}

async function readBack(): Promise<number[]> {
  const { to, from } = rangeOf(config.prefix);
  const there = new Map<string, string>();
  let next: string | undefined = from;
  const deadline = Date.now() + 20_000;
  while (next !== undefined && Date.now() < deadline) {
    const connection = connections.next();
    if (!connection) {
      await connections.change(1_000);
      continue;
    }
    try {
      const page = await readRange(connection.session, { from: next, to, limit: 5_000, timeout: 5_000 });
      for (const { key, value } of page.pairs) there.set(key, value);
      const last = page.pairs.at(-1);
      next = page.more && last ? `${last.key}\0` : undefined;
    } catch {
      await pause(50);
    }
  }
  if (next !== undefined) throw new Error('the keys could not be read back');
  return acknowledged
    .map(([sequence]) => sequence)
    .filter((sequence) => there.get(keyOf(config.prefix, sequence)) !== String(sequence));
}

function writeStatus(): void {
  writeJson(config.statusFile, {
    at: Date.now(),
    connected: connections.usable().map(({ endpoint }) => endpoint),
    away: connections.away(),
    tried,
    acknowledged: acknowledged.length,
    failed: failed.length,
  } satisfies WriterStatus);
}
