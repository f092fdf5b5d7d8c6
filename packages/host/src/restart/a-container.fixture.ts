import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { aFolder, type TestFolder } from '../folder.fixture.ts';
import { containerDriver } from './container.ts';
import type { Subject } from './contract.fixture.ts';

const run = promisify(execFile);

export interface TestContainer extends Subject, TestFolder {
  name: string;
  /** What it does from its next start on: a line of shell. */
  is(script: string): Promise<void>;
  /** What a path holds, seen from inside. */
  reads(path: string): Promise<string>;
  /** In the network of the engine. */
  address(): Promise<string>;
}

let count = 0;

/** Whose it is, by the process that made it: what a crash leaves behind is swept by that. */
const label = `etcd-rotate.test=${process.pid}`;

/** The first process of a container hears no SIGTERM unless it asks for it. */
export const lives = "trap 'exit 0' TERM; sleep 600 & wait";

/** A container of this machine's engine that runs what a file says, gone after the test. */
export async function aContainer({
  image,
  options = [],
  paths = [],
}: {
  image?: string;
  options?: string[];
  paths?: string[];
} = {}): Promise<TestContainer> {
  if (image === undefined) throw new Error('a container needs an image');
  count += 1;
  const folder = await aFolder();
  const name = `etcd-rotate-test-${process.pid}-${count}`;
  await mkdir(folder.at('here'));
  const is = (script: string) => writeFile(folder.at('here/program'), `${script}\n`);
  await is(lives);
  const docker = async (...args: string[]) => (await run('docker', args)).stdout;
  // An image of a machine is stopped by another signal.
  const program = ['-v', `${folder.at('here')}:/here`, '--entrypoint', '/bin/sh', '--stop-signal', 'SIGTERM'];
  await docker('run', '-d', '--label', label, '--name', name, ...program, ...options, image, '/here/program');
  return {
    ...folder,
    name,
    is,
    driver: containerDriver(
      { container: { engine: 'docker', name, grace: 20_000 }, timeout: 60_000 },
      { holder: 'member/m1', leastGraceMs: 0, paths },
    ),
    reads: (path) => docker('exec', name, 'cat', path),
    address: async () => {
      const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
      return (await docker('inspect', '--format', format, name)).trim();
    },
    stop: async () => void (await docker('stop', name)),
    [Symbol.asyncDispose]: async () => {
      await docker('rm', '-f', name);
      await folder[Symbol.asyncDispose]();
    },
  };
}
