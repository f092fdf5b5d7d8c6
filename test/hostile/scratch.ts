import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from '@etcd-rotate/lab';

/** A coordinator's folder and an agent's files beside those of the lab, to be spoilt. */
export interface Scratch {
  folder: string;
  coordinatorFile: string;
  fleetFile: string;
  passphrase: string;
  identity: string;
  agentFile: string;
  operator: string;
  coordinator(...args: string[]): Promise<string>;
  agent(...args: string[]): Promise<string>;
  rotate(...args: string[]): Promise<string>;
}

export function makeScratch({ layout, control }: Lab): Scratch {
  const folder = mkdtempSync(join(layout.folder, 'scratch-'));
  const file = (name: string): string => join(folder, name);
  cpSync(layout.coordinator.identity, file('identity'), { recursive: true });
  cpSync(layout.coordinator.fleetFile, file('fleet.yaml'));
  cpSync(layout.operator, file('operator.json'));
  writeFileSync(file('passphrase'), 'a passphrase of nothing\n', { mode: 0o600 });
  mkdirSync(file('state'));
  const nats = { embedded: { listen: '127.0.0.1:1' } };
  writeFileSync(
    file('coordinator.yaml'),
    JSON.stringify({ version: 1, state: 'state', passphrase: { file: 'passphrase' }, nats }),
  );
  writeFileSync(
    file('agent.yaml'),
    JSON.stringify({ version: 1, node: 'm9', identity: file('operator.json'), state: file('agent') }),
  );
  const [node = '', rotate = ''] = control.rotateCommand;
  const program = (app: string, name: string): string =>
    rotate.replace('/rotate/dist/rotate.mjs', `/${app}/dist/${name}.mjs`);
  const runs =
    (path: string, ...last: string[]) =>
    (...args: string[]): Promise<string> =>
      run(node, [path, ...args, ...last]);
  return {
    folder,
    coordinatorFile: file('coordinator.yaml'),
    fleetFile: file('fleet.yaml'),
    passphrase: file('passphrase'),
    identity: file('identity'),
    agentFile: file('agent.yaml'),
    operator: file('operator.json'),
    coordinator: runs(
      program('coordinator', 'etcd-rotate-coordinator'),
      '--config',
      file('coordinator.yaml'),
    ),
    agent: runs(program('agent', 'etcd-rotate-agent'), '--config', file('agent.yaml')),
    rotate: runs(rotate, '--identity', file('operator.json')),
  };
}

/** `obeyed`, the code that a program of ours stops with, or what else came of it. Nothing may take long. */
function run(node: string, args: string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(
      node,
      args,
      { timeout: 20_000, env: { PATH: process.env.PATH, NO_COLOR: '1' } },
      (error, _stdout, stderr) => {
        if (!error) resolve('obeyed');
        else
          resolve(
            /\(([a-z-]+)\)\n/.exec(stderr)?.[1] ??
              (error.killed ? 'hung' : `crashed: ${stderr.slice(0, 300)}`),
          );
      },
    );
  });
}
