import { dirname } from 'node:path';
import type { Lab } from '@etcd-rotate/lab';

/** What runbook.sh has to know of a lab, as shell. */
export function inventoryOf({ layout, etcd, load }: Lab): string {
  const { members, clients } = layout;
  const [first] = members;
  // The lab's own calls of etcdctl use these too, so the runbook keeps them current.
  const etcdctl = first ? [['etcdctl', dirname(first.agentClient.ca)] as const] : [];
  const folders = [...etcdctl, ...clients.map(({ name, ca }) => [name, dirname(ca)] as const)];
  return [
    `members=(${members.map(({ name }) => name).join(' ')})`,
    `address=(${members.map(({ name, address }) => entry(name, address)).join(' ')})`,
    `pki=(${members.map(({ name, ca }) => entry(name, dirname(ca))).join(' ')})`,
    `clients=(${folders.map(([name]) => name).join(' ')})`,
    `client_pki=(${folders.map(([name, folder]) => entry(name, folder)).join(' ')})`,
    'restart() {',
    '  case $1 in',
    ...members.map(({ name }) => `    ${name}) ${words(etcd(name).command('restart'))} ;;`),
    '  esac',
    '}',
    'reload() {',
    '  case $1 in',
    '    etcdctl) ;; # reads its files at every call',
    ...clients.map(({ name }) => `    ${name}) ${words(load.reloadCommand(name))} ;;`),
    '  esac',
    '}',
    '',
  ].join('\n');
}

function entry(name: string, value: string): string {
  return `[${name}]=${quote(value)}`;
}

function words(command: string[]): string {
  return command.map(quote).join(' ');
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
