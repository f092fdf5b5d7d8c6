// A writer and a watcher as services of two nodes, and what they have to say afterwards: those of the lab.

import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import {
  type ClientConfig,
  judge,
  type LoadReport,
  until,
  type WatcherReport,
  type WatcherStatus,
  type WriterReport,
  type WriterStatus,
  writesPerSecond,
} from '@etcd-rotate/lab';
import { type ClientFiles, clientUrl } from './layout.ts';
import type { Machine } from './machine.ts';

export interface Load {
  start(): Promise<void>;
  acknowledged(): Promise<number>;
  /** Ends both: all that was written is read back and waited for first. */
  stop(): Promise<LoadReport>;
}

/** This checkout, as the nodes see it: the load is no part of what is installed there. */
export const checkout = { inside: '/checkout', here: join(import.meta.dirname, '../../..') };

/** A program of this checkout, as a machine runs it: with the Node of the checkout. */
export function nodeOfCheckout(program: string, ...args: string[]): string[] {
  const node = relative(checkout.here, process.execPath);
  return [join(checkout.inside, node), join(checkout.inside, program), ...args];
}

export interface LoadOptions {
  machineOf(client: ClientFiles): Machine;
  members: readonly { name: string }[];
}

export async function makeLoad(
  [writer, watcher]: readonly [ClientFiles, ClientFiles],
  { machineOf, members }: LoadOptions,
): Promise<Load> {
  const endpoints = members.map(({ name }) => clientUrl(name));
  for (const client of [writer, watcher]) await install(client, machineOf(client), endpoints);
  const unit = (client: ClientFiles) => machineOf(client).unit(`${client.name}.service`);
  const json = async <T>(client: ClientFiles, file: string): Promise<T> =>
    JSON.parse(await machineOf(client).read(`${client.folder}/${file}`)) as T;

  return {
    async start() {
      await unit(watcher).start();
      await until('the watcher watches', async () =>
        Boolean((await json<WatcherStatus>(watcher, 'status.json')).watching),
      );
      await unit(writer).start();
      await until(
        'the writer writes',
        async () => (await json<WriterStatus>(writer, 'status.json')).acknowledged > 0,
      );
    },
    acknowledged: async () => (await json<WriterStatus>(writer, 'status.json')).acknowledged,
    async stop() {
      await unit(writer).stop();
      await unit(watcher).stop();
      const [written, seen] = [
        await json<WriterReport>(writer, 'report.json'),
        await json<WatcherReport>(watcher, 'report.json'),
      ];
      return judge(written, seen);
    },
  };
}

async function install(client: ClientFiles, machine: Machine, endpoints: string[]): Promise<void> {
  const { name, folder, pair, ca } = client;
  const file = (of: string): string => `${folder}/${of}`;
  const config: ClientConfig = {
    endpoints,
    files: { ...pair, ca },
    prefix: '/nodes/writes',
    perSecond: writesPerSecond,
    statusFile: file('status.json'),
    reportFile: file('report.json'),
    reloadRequest: file('reload-request'),
    reloadAnswer: file('reload-answer'),
  };
  await machine.write(file('config.json'), JSON.stringify(config));
  await machine.write(
    file('reload.sh'),
    readFileSync(join(import.meta.dirname, '../../lab/src/clients/reload.sh'), 'utf8'),
  );
  const run = nodeOfCheckout(`infra/lab/src/clients/${name}.ts`, file('config.json')).join(' ');
  await machine.write(
    `/etc/systemd/system/${name}.service`,
    `[Service]\nExecStart=${run}\nExecStartPost=/bin/sh -c 'echo $MAINPID >${file('pid')}'\nTimeoutStopSec=120\n`,
  );
  await machine.sh('systemctl daemon-reload');
}
