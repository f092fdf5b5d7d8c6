// A writer and a watcher that the cluster's certificates are changed under, and what they have to say afterwards.

import { readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type {
  ClientConfig,
  WatcherReport,
  WatcherStatus,
  WriterReport,
  WriterStatus,
} from './clients/client-config.ts';
import { writeJson } from './clients/client-config.ts';
import type { ClientLayout, Layout } from './layout.ts';
import { makeService, type Service } from './services.ts';
import { Hopeless, until } from './until.ts';

export interface LoadReport {
  seconds: number;
  writes: {
    tried: number;
    retried: number;
    /** Numbers of writes, not lists of them: `writer` has those. */
    failed: number;
    lost: number;
    longestStallMs: number;
  };
  watch: {
    /** Acknowledged and never seen. */
    lost: number;
    /** Seen again, or at a revision other than the one acknowledged. */
    duplicates: number;
    outOfOrder: number;
    resumed: number;
  };
  writer: WriterReport;
  watcher: WatcherReport;
}

export interface Load {
  readonly writer: Service;
  readonly watcher: Service;
  /** The reload command of a client, as the agent file has it. */
  reloadCommand(client: string): string[];
  /** Starts both and waits until both are under way. */
  start(options?: { perSecond?: number }): Promise<void>;
  status(): { writer: WriterStatus; watcher: WatcherStatus };
  /** Ends both: all that was written is read back and waited for first. */
  stop(): Promise<LoadReport>;
}

const prefix = '/lab/writes';

/** Enough to meet every moment at which a member is down, and little enough to leave two cores free. */
export const writesPerSecond = 60;

export function makeLoad(layout: Layout): Load {
  const writer = makeClient(layout, 'writer');
  const watcher = makeClient(layout, 'watcher');
  let rounds = 0;
  return {
    writer: writer.service,
    watcher: watcher.service,
    reloadCommand: (name) => (name === 'writer' ? writer : watcher).reload,
    async start({ perSecond = writesPerSecond } = {}) {
      rounds += 1;
      for (const client of [watcher, writer]) {
        for (const file of [client.config.statusFile, client.config.reportFile])
          rmSync(file, { force: true });
        writeJson(client.configFile, { ...client.config, perSecond, prefix: `${prefix}/${rounds}` });
      }
      await watcher.service.start();
      await alive(watcher, () => readJson<WatcherStatus>(watcher.config.statusFile).watching !== undefined);
      await writer.service.start();
      await alive(writer, () => readJson<WriterStatus>(writer.config.statusFile).acknowledged > 0);
    },
    status: () => ({
      writer: readJson<WriterStatus>(writer.config.statusFile),
      watcher: readJson<WatcherStatus>(watcher.config.statusFile),
    }),
    async stop() {
      await writer.service.stop();
      await watcher.service.stop();
      return judge(
        report<WriterReport>(writer.service, writer.config.reportFile),
        report<WatcherReport>(watcher.service, watcher.config.reportFile),
      );
    },
  };
}

interface LoadClient {
  service: Service;
  config: Omit<ClientConfig, 'perSecond' | 'prefix'>;
  configFile: string;
  reload: string[];
}

function makeClient(layout: Layout, name: ClientLayout['name']): LoadClient {
  const client = layout.clients.find((candidate) => candidate.name === name);
  if (!client) throw new Error('the lab was started without a load');
  const folder = dirname(client.ca);
  const file = (name: string): string => join(folder, name);
  const configFile = file('config.json');
  const script = join(import.meta.dirname, 'clients', `${client.name}.ts`);
  const service = makeService(layout.services, client.name, [process.execPath, script, configFile]);
  const config = {
    endpoints: layout.members.map(({ clientUrl }) => clientUrl),
    files: { ...client.pair, ca: client.ca },
    statusFile: file('status.json'),
    reportFile: file('report.json'),
    reloadRequest: file('reload-request'),
    reloadAnswer: file('reload-answer'),
  };
  const reloadScript = join(import.meta.dirname, 'clients', 'reload.sh');
  const reload = ['/bin/sh', reloadScript, service.pidFile, config.reloadRequest, config.reloadAnswer];
  return { service, config, configFile, reload };
}

async function alive({ service }: LoadClient, isSo: () => boolean): Promise<void> {
  await until(`${service.name} is under way (${service.logFile})`, () => {
    if (service.pid() === undefined)
      throw new Hopeless(`${service.name} ended: ${service.log().slice(-500)}`);
    return isSo();
  });
}

/** Compares what was acknowledged with what was seen: each number once, at the revision it was acknowledged at. */
export function judge(writer: WriterReport, watcher: WatcherReport): LoadReport {
  const revisions = new Map(writer.acknowledged);
  const seen = new Set<number>();
  let duplicates = 0;
  for (const [sequence, revision] of watcher.seen) {
    const acknowledgedAt = revisions.get(sequence);
    // A failed write may have arrived all the same, and is seen without ever having been acknowledged.
    if (seen.has(sequence) || (acknowledgedAt !== undefined && acknowledgedAt !== revision)) duplicates += 1;
    seen.add(sequence);
  }
  return {
    seconds: writer.seconds,
    writes: {
      tried: writer.tried,
      retried: writer.retried,
      failed: writer.failed.length,
      lost: writer.lost.length,
      longestStallMs: writer.longestStallMs,
    },
    watch: {
      lost: writer.acknowledged.filter(([sequence]) => !seen.has(sequence)).length,
      duplicates,
      outOfOrder: watcher.outOfOrder,
      resumed: watcher.resumed,
    },
    writer,
    watcher,
  };
}

function report<T>({ name, log }: Service, file: string): T {
  try {
    return readJson<T>(file);
  } catch (error) {
    throw new Error(`${name} left no report: ${log().slice(-500)}`, { cause: error });
  }
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(file, 'utf8')) as T;
}
