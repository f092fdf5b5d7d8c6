import { chmodSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Lab } from '@etcd-rotate/lab';

/** Small commands in the lab's folder for whoever looks around, and one that ends it all; returns what to say of them. */
export function makeCommands(lab: Lab): string {
  const { folder, layout } = lab;
  const [first] = layout.members;
  const endpoints = layout.members.map(({ clientUrl }) => clientUrl).join(',');
  const client = first?.agentClient;
  const command = (name: string, words: string[]): string => {
    const file = join(folder, name);
    writeFileSync(file, `#!/bin/sh\n${words.map((word) => `'${word}'`).join(' ')} "$@"\n`);
    chmodSync(file, 0o755);
    return file;
  };
  const rotate = command('rotate', lab.control.rotateCommand);
  const etcdctl = command('etcdctl', [
    'env',
    'ETCDCTL_API=3',
    lab.etcdctlFile,
    `--endpoints=${endpoints}`,
    `--cert=${client?.cert}`,
    `--key=${client?.key}`,
    `--cacert=${client?.ca}`,
  ]);
  const end = command('end', [process.execPath, resolve(import.meta.dirname, 'end.ts'), folder]);
  return [
    `It all goes on running, in ${folder}:`,
    `  ${rotate} status`,
    `  ${rotate} journal`,
    `  ${etcdctl} endpoint status --write-out=table`,
    `  ls -l ${first?.folder}/etcd/pki`,
    `  tail ${folder}/services/*/log`,
    'This ends it and removes the folder:',
    `  ${end}`,
  ].join('\n');
}
