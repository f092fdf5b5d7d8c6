// The certificates that a cluster starts with, made by cfssl the way the usual guides do: an old CA of its own kind to
// be rotated away from, so nothing of this project takes part.

import { execFile } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PairFiles, pairIn } from './layout.ts';

/** Where they go. */
export interface CertificateLayout {
  /** The folder of the CAs, and of leaves that no slot holds. */
  ca: string;
  members: {
    name: string;
    address: string;
    server: PairFiles;
    ca: string;
    peer: PairFiles;
    peerCa: string;
    agentClient: PairFiles & { ca: string };
  }[];
  clients: { name: string; pair: PairFiles; ca: string }[];
}

export interface CertificateOptions {
  keys: 'rsa' | 'ecdsa';
  /** One CA for clients and peers, as kubeadm has it. */
  oneCa: boolean;
  cfssl: string;
  /** Instead of names of their own. */
  agentCommonName?: string | undefined;
  clientCommonName?: string | undefined;
  peerCommonName?: string | undefined;
  /** DNS names of every leaf that the client port is dialled with. */
  clientHosts?: readonly string[] | undefined;
}

/** Leaves that no slot holds, for probes: a client of the first CA, and each member's first peer leaf. */
export interface KeptLeaves {
  client: PairFiles;
  peer: Record<string, PairFiles>;
}

type Profile = 'server' | 'peer' | 'client';

interface Leaf {
  ca: PairFiles;
  profile: Profile;
  name: string;
  hosts: string[];
  to: PairFiles;
}

const year = '8760h';
const usages = {
  // With client auth: etcd's gateway dials its own port with this leaf.
  server: ['signing', 'key encipherment', 'server auth', 'client auth'],
  peer: ['signing', 'key encipherment', 'server auth', 'client auth'],
  client: ['signing', 'key encipherment', 'client auth'],
} satisfies Record<Profile, string[]>;

export async function makeCertificates(
  layout: CertificateLayout,
  options: CertificateOptions,
): Promise<KeptLeaves> {
  const config = join(layout.ca, 'ca-config.json');
  const profiles = Object.fromEntries(
    Object.entries(usages).map(([name, list]) => [name, { expiry: year, usages: list }]),
  );
  writeFileSync(config, `${JSON.stringify({ signing: { default: { expiry: year }, profiles } }, null, 2)}\n`);

  const { client: ca, peer: peerCa } = caFiles(layout, options);
  await allOf([
    makeCa('etcd CA', ca, options),
    ...(options.oneCa ? [] : [makeCa('etcd peer CA', peerCa, options)]),
  ]);

  const { clientHosts = [] } = options;
  const kept: KeptLeaves = { client: pairIn(layout.ca, 'kept-client'), peer: {} };
  const leaves: Leaf[] = [
    { ca, profile: 'client', name: 'kept-client', hosts: [...clientHosts], to: kept.client },
    ...layout.clients.map(({ name: own, pair }): Leaf => {
      const name = options.clientCommonName ?? own;
      return { ca, profile: 'client', name, hosts: [...clientHosts], to: pair };
    }),
  ];
  for (const { name, address, server, peer, agentClient } of layout.members) {
    const hosts = [name, 'localhost', '127.0.0.1', address];
    const agentName = options.agentCommonName ?? `etcd-rotate-${name}`;
    leaves.push(
      { ca, profile: 'server', name, hosts: [...hosts, ...clientHosts], to: server },
      { ca, profile: 'client', name: agentName, hosts: [...clientHosts], to: agentClient },
    );
    if (peer.cert !== server.cert) {
      const peerName = options.peerCommonName ?? name;
      leaves.push({ ca: peerCa, profile: 'peer', name: peerName, hosts, to: peer });
    }
  }
  await allOf(leaves.map((leaf) => makeLeaf(leaf, config, options)));

  for (const member of layout.members) {
    copyFileSync(ca.cert, member.ca);
    copyFileSync(peerCa.cert, member.peerCa);
    copyFileSync(ca.cert, member.agentClient.ca);
    const copy = pairIn(layout.ca, `kept-peer-${member.name}`);
    copyFileSync(member.peer.cert, copy.cert);
    copyFileSync(member.peer.key, copy.key);
    kept.peer[member.name] = copy;
  }
  for (const client of layout.clients) copyFileSync(ca.cert, client.ca);
  return kept;
}

/** The first CA of each domain: with one CA the same files. */
export function caFiles(
  { ca: folder }: Pick<CertificateLayout, 'ca'>,
  { oneCa }: { oneCa: boolean },
): { client: PairFiles; peer: PairFiles } {
  const client = pairIn(folder, 'ca');
  return { client, peer: oneCa ? client : pairIn(folder, 'peer-ca') };
}

/** Like Promise.all, but when one fails it waits for the others: nothing runs on after that. */
async function allOf(all: Promise<void>[]): Promise<void> {
  for (const one of await Promise.allSettled(all)) if (one.status === 'rejected') throw one.reason;
}

async function makeCa(name: string, to: PairFiles, { keys, cfssl }: CertificateOptions): Promise<void> {
  const request = { CN: name, key: keyRequest(keys), names: [subject], ca: { expiry: '43800h' } };
  write(to, await gencert(cfssl, ['-initca'], request));
}

async function makeLeaf(leaf: Leaf, config: string, { keys, cfssl }: CertificateOptions): Promise<void> {
  const { ca, profile, name, hosts, to } = leaf;
  const request = { CN: name, hosts, key: keyRequest(keys), names: [subject] };
  const args = [`-ca=${ca.cert}`, `-ca-key=${ca.key}`, `-config=${config}`, `-profile=${profile}`];
  write(to, await gencert(cfssl, args, request));
}

const subject = { C: 'DE', L: 'Berlin', O: 'Example' };

function keyRequest(keys: 'rsa' | 'ecdsa'): { algo: string; size: number } {
  return keys === 'rsa' ? { algo: 'rsa', size: 2048 } : { algo: 'ecdsa', size: 256 };
}

interface Made {
  cert: string;
  key: string;
}

function gencert(cfssl: string, args: string[], request: object): Promise<Made> {
  return new Promise((resolve, reject) => {
    const child = execFile(cfssl, ['gencert', '-loglevel=2', ...args, '-'], (error, stdout, stderr) => {
      if (error) reject(new Error(`cfssl gencert ${args.join(' ')}: ${stderr.trim()}`, { cause: error }));
      else resolve(JSON.parse(stdout) as Made);
    });
    child.stdin?.end(JSON.stringify(request));
  });
}

function write(to: PairFiles, made: Made): void {
  writeFileSync(to.cert, made.cert, { mode: 0o644 });
  writeFileSync(to.key, made.key, { mode: 0o600 });
}
