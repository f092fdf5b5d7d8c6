// Watches what the writer writes, from the first revision on: each number once, in the order of etcd's revisions. When
// the watch breaks it is taken up on another member at the revision after the last one seen.

import { setTimeout as pause } from 'node:timers/promises';
import { newestRevision, watch } from '../grpc/etcd-calls.ts';
import {
  count,
  type Numbered,
  rangeOf,
  readClientConfig,
  type WatcherReport,
  type WatcherStatus,
  writeJson,
} from './client-config.ts';
import { type Connection, Connections } from './connections.ts';
import { onReload } from './on-reload.ts';

/** A watch that was asked for and does not begin is asked for elsewhere. */
const createTimeout = 1_000;
const aliveEvery = 1_000;

const config = readClientConfig();
const connections = new Connections(config.endpoints, config.files);
const seen: Numbered[] = [];
const reasons: Record<string, number> = {};
let lastRevision = 0;
let outOfOrder = 0;
let resumed = -1;
let reloads = 0;
let watching: Connection | undefined;
let leave: (() => void) | undefined;

onReload(config, connections, {
  moved: () => leave?.(),
  done: () => {
    reloads += 1;
  },
});
let stopping = false;
process.on('SIGTERM', () => {
  stopping = true;
  void finish();
});

setInterval(writeStatus, 200);
// A member that hangs keeps its connection and says nothing: only a ping finds out.
setInterval(() => watching && connections.doubt(watching), aliveEvery);
for (;;) {
  const connection = connections.next(watching);
  if (!connection) {
    await connections.change(1_000);
    continue;
  }
  resumed += 1;
  watching = connection;
  const reason = await watchOver(connection);
  if (resumed >= 0) count(reasons, reason);
  await pause(5);
}

function watchOver(connection: Connection): Promise<string> {
  return new Promise((resolve) => {
    const { session } = connection;
    let end: (() => void) | undefined;
    let isOver = false;
    const over = (reason: string): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      session.off('goaway', going);
      leave = undefined;
      end?.();
      resolve(reason);
    };
    // The member stops: a watch that stays until it is cut off would only keep it from stopping.
    const going = (): void => over('the member is going');
    const timer = setTimeout(() => over('not created in time'), createTimeout);
    leave = () => over('reload');
    session.once('goaway', going);
    try {
      end = watch(
        session,
        { ...rangeOf(config.prefix), revision: lastRevision + 1 },
        {
          onCreated: () => clearTimeout(timer),
          onPuts: (puts) => {
            // What arrives late comes again with the next watch, which begins after the last one counted.
            if (isOver) return;
            for (const { value, created } of puts) {
              if (created <= lastRevision) outOfOrder += 1;
              lastRevision = Math.max(lastRevision, created);
              seen.push([Number(value), created]);
            }
          },
          onEnd: (failure) => over(failure?.message ?? 'ended'),
        },
      );
    } catch (error) {
      over(error instanceof Error ? error.message : String(error));
    }
  });
}

/** Waits until everything written before now was seen. */
async function finish(): Promise<void> {
  const deadline = Date.now() + 10_000;
  let newest: number | undefined;
  while (Date.now() < deadline && (newest === undefined || lastRevision < newest)) {
    const connection = connections.next();
    try {
      if (newest === undefined && connection) {
        newest = await newestRevision(connection.session, { ...rangeOf(config.prefix), timeout: 2_000 });
      }
    } catch {
      // Another connection may answer.
    }
    await pause(10);
  }
  writeStatus();
  writeJson(config.reportFile, {
    seen,
    outOfOrder,
    resumed,
    reasons,
    reloads,
  } satisfies WatcherReport);
  process.exit();
}

function writeStatus(): void {
  writeJson(config.statusFile, {
    at: Date.now(),
    connected: connections.usable().map(({ endpoint }) => endpoint),
    away: connections.away(),
    watching: stopping ? undefined : watching?.endpoint,
    seen: seen.length,
  } satisfies WatcherStatus);
}
