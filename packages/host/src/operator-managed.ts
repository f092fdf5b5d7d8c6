import { readFile } from 'node:fs/promises';
import { type Failure, fail } from '@etcd-rotate/protocol';
import { type Holder, pathsOf } from './holders.ts';
import { place } from './place.ts';

interface Manager {
  name: string;
  /** The whole name of a process, or its beginning up to a hyphen. */
  process?: RegExp;
  folders: string[];
  instead: string;
}

/** Who writes its certificates itself and would undo, or fight, what we install (facts: etcd, section 7). */
const managers: Manager[] = [
  {
    name: 'k3s',
    process: /^k3s(-|$)/,
    folders: ['/var/lib/rancher/k3s/'],
    instead: 'use `k3s certificate rotate-ca`',
  },
  {
    name: 'RKE2',
    process: /^rke2(-|$)/,
    folders: ['/var/lib/rancher/rke2/'],
    instead: 'use `rke2 certificate rotate-ca`',
  },
  {
    name: 'OpenShift',
    folders: ['/etc/kubernetes/static-pod-certs/', '/etc/kubernetes/static-pod-resources/'],
    instead: 'leave it to the cluster-etcd-operator, which rotates its signers itself',
  },
];

/**
 * Whether the files of a holder are those of somebody who manages them himself.
 *
 * @param pid of a member: there etcd itself is a part of that process. A client may be k3s with an etcd of its own.
 */
export async function managedByOthers(
  holder: Holder,
  pid?: number,
  flags: Readonly<Record<string, string>> = {},
): Promise<Failure[]> {
  const named = Object.values(holder.slots).flatMap(pathsOf);
  const paths = [...named, ...(await Promise.all(named.map(place))), ...Object.values(flags)];
  const process = pid === undefined ? '' : await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
  return managers.flatMap(({ name, process: called, folders, instead }) => {
    const path = paths.find((one) => folders.some((folder) => one.startsWith(folder)));
    const isIts = called?.test(process.trim()) === true;
    if (path === undefined && !isIts) return [];
    const why = path === undefined ? `its process ${pid} is called ${process.trim()}` : `it uses ${path}`;
    return fail('operator-managed', `${holder.holder} belongs to ${name}: ${why}`, instead).failure;
  });
}
