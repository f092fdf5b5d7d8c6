import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { authCommands, type KeyPair, type Ran, until } from '@etcd-rotate/lab';
import { adoptCas } from './adopt-cas.ts';
import { type Control, startControl } from './control.ts';
import { etcdDefaults } from './etcd-defaults.ts';
import type { PolicyText } from './files.ts';
import { type EtcdVintage, imageOf } from './images.ts';
import { lastWords } from './last-words.ts';
import {
  clientFiles,
  clientUrl,
  coordinatorName,
  type FleetFiles,
  memberFiles,
  natsName,
  pkiFolder,
} from './layout.ts';
import { checkout, type Load, makeLoad } from './load.ts';
import { type Machine, startMachine, type Unit } from './machine.ts';
import { makeFiles } from './make-files.ts';
import { makeNetwork, removeNetwork } from './network.ts';
import { packageFile } from './package-file.ts';

export interface NodesOptions {
  etcd: EtcdVintage;
  keys?: 'rsa' | 'ecdsa';
  /** One CA for both trust domains. */
  oneCa?: boolean;
  policy?: PolicyText;
  /** Gives the first CAs to the coordinator, as `client-ca` and `peer-ca` (`etcd-ca` where it is one). */
  adoptCas?: boolean;
  /** Etcd auth on; the agents are its root, the load may use all keys. */
  auth?: boolean;
  /** Of every etcd, besides what it needs: `{ ETCD_CLIENT_CRL_FILE: '/etc/etcd/pki/clients.crl' }`. */
  environment?: Record<string, string>;
  /** Folders in memory on the members, with a size: `{ '/etc/etcd': '4m' }`. */
  memory?: Record<string, string>;
  /** Before etcd and the agents start, on every member. */
  prepare?: (member: MemberNode) => Promise<void>;
}

export interface MemberNode extends Machine {
  readonly etcd: Unit;
  readonly agent: Unit;
  /** How often its etcd was started, since the first boot. */
  etcdStarts(): Promise<number>;
}

export interface Nodes extends AsyncDisposable {
  readonly members: MemberNode[];
  readonly nats: Machine;
  readonly coordinator: Machine;
  readonly control: Control;
  readonly load: Load;
  member(name: string): MemberNode;
  /** With the operator's identity, on the coordinator's node. */
  rotate: Control['rotate'];
  /** With the certificates of the agent's client. */
  etcdctl(member: string, args: string[]): Promise<Ran>;
  /** Waits until every member (or these) answers a linearizable read. */
  serving(names?: string[]): Promise<void>;
  /** The name of the leading member. */
  leader(): Promise<string>;
  /** Restarts of etcd on all members since the fleet stood. */
  restarts(): Promise<number>;
  /** A client leaf of the first CA that no slot holds. */
  readonly kept: KeyPair;
}

/** Where a machine sees the files that were made for it. */
const staged = '/staged';

/**
 * A fleet as an operator has it, on a network of its own: a machine a member, with systemd, Debian's etcd and our package,
 * one for NATS and one for the coordinator. It is gone at the end of its scope; after a crash, `sweep` removes it.
 */
export async function nodes(count: 1 | 3 | 5, options: NodesOptions): Promise<Nodes> {
  await using stack = new AsyncDisposableStack();
  const image = await imageOf(options.etcd, packageFile());
  const network = await makeNetwork();
  stack.defer(() => removeNetwork(network));
  const stage = mkdtempSync(join(tmpdir(), 'etcd-rotate-nodes-'));
  stack.defer(() => rmSync(stage, { recursive: true, force: true }));

  const start = async (
    name: string,
    more: Partial<Parameters<typeof startMachine>[0]> = {},
  ): Promise<Machine> => {
    const machine = await startMachine({ name, image, network, ...more });
    stack.defer(() => machine.remove());
    return machine;
  };
  const names = Array.from({ length: count }, (_, index) => `m${index + 1}`);
  const mountsOf = (name: string): Record<string, string> => ({
    [checkout.inside]: checkout.here,
    [staged]: join(stage, name),
  });
  for (const name of names) mkdirSync(join(stage, name));
  const [nats, coordinator, ...machines] = await Promise.all([
    start(natsName),
    start(coordinatorName),
    ...names.map((name) => start(name, { mounts: mountsOf(name), memory: options.memory ?? {} })),
  ]);
  if (!nats || !coordinator) throw new Error('machines without NATS or coordinator');
  const members = machines.map(memberNode);
  const member = (name: string): MemberNode => {
    const found = members.find((one) => one.name === name);
    if (!found) throw new Error(`no member ${name}`);
    return found;
  };

  const addresses = await Promise.all(members.map((one) => one.address()));
  const files = (root: string): FleetFiles => ({
    ca: join(stage, 'ca'),
    members: names.map((name, index) => memberFiles(name, addresses[index] ?? '', root && `${root}/${name}`)),
    clients: loadNodes(names).map(([name, node]) => clientFiles(name, node, root && `${root}/${node}`)),
  });
  const kept = await makeFiles(files(stage), options);
  const inPlace = files('');
  for (const one of members) {
    await one.sh(`cp -r ${staged}/. /`);
    await one.write(
      '/etc/default/etcd',
      etcdDefaults(fileOf(inPlace, one.name), inPlace.members, options.environment),
    );
    await one.sh(`chown -R etcd:etcd ${pkiFolder}; chmod 755 /etc/etcd ${pkiFolder}`);
    await options.prepare?.(one);
  }
  await Promise.all(members.map((one) => one.etcd.start()));
  await Promise.all(members.map((one) => one.etcd.enable()));

  const etcdctl = (name: string, args: string[]): Promise<Ran> => {
    const { cert, key, ca } = fileOf(inPlace, name).agentClient;
    const flags = [`--endpoints=${clientUrl(name)}`, `--cert=${cert}`, `--key=${key}`, `--cacert=${ca}`];
    return member(name).run(['etcdctl', ...flags, ...args], { environment: { ETCDCTL_API: '3' } });
  };
  const serving = async (wanted = names): Promise<void> => {
    await Promise.all(
      wanted.map((name) =>
        until(
          `${name} serves`,
          async () => {
            const { code, stderr } = await etcdctl(name, ['get', 'nobody']);
            if (code !== 0) throw new Error(stderr);
            return true;
          },
          { every: 100 },
        ),
      ),
    );
  };
  await serving();
  if (options.auth) {
    for (const args of authCommands({ agentCommonName: 'root' })) {
      const { code, stderr } = await etcdctl('m1', args);
      if (code !== 0) throw new Error(`etcdctl ${args.join(' ')}: ${stderr}`);
    }
  }

  const [writer, watcher] = inPlace.clients;
  if (!writer || !watcher) throw new Error('files without clients');
  const load = await makeLoad([writer, watcher], {
    machineOf: ({ node }) => member(node),
    members: inPlace.members,
  });
  const control = await startControl({ nats, coordinator, members, files: inPlace, ...options }).catch(
    async (error: unknown) => {
      throw new Error(await lastWords([nats, coordinator, ...members]), { cause: error });
    },
  );
  if (options.adoptCas) await adoptCas(control, coordinator, { files: files(stage), ...options });
  const before = await sum(members, (one) => one.etcdStarts());
  const whole = stack.move();
  return {
    members,
    nats,
    coordinator,
    control,
    load,
    member,
    rotate: control.rotate,
    etcdctl,
    serving,
    async leader() {
      const answers = await Promise.all(
        names.map(async (name) => [name, await isLeader(etcdctl, name)] as const),
      );
      const found = answers.find(([, leads]) => leads);
      if (!found) throw new Error('nobody leads');
      return found[0];
    },
    restarts: async () => (await sum(members, (one) => one.etcdStarts())) - before,
    kept,
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

function memberNode(machine: Machine): MemberNode {
  return {
    ...machine,
    etcd: machine.unit('etcd.service'),
    agent: machine.unit('etcd-rotate-agent.service'),
    async etcdStarts() {
      const journal = await machine.sh('journalctl --no-pager -o cat -u etcd.service');
      return journal.split('\n').filter((line) => line.startsWith('Started etcd')).length;
    },
  };
}

/** The writer and the watcher, and whose node each is on. */
function loadNodes(names: readonly string[]): [name: string, node: string][] {
  const [first = ''] = names;
  return [
    ['writer', first],
    ['watcher', names[1] ?? first],
  ];
}

function fileOf({ members }: FleetFiles, name: string): FleetFiles['members'][number] {
  const found = members.find((one) => one.name === name);
  if (!found) throw new Error(`no files of ${name}`);
  return found;
}

async function isLeader(etcdctl: Nodes['etcdctl'], name: string): Promise<boolean> {
  const { stdout } = await etcdctl(name, ['endpoint', 'status', '--write-out=json']);
  const [status] = JSON.parse(stdout || '[]') as EndpointStatus[];
  // Ids lose digits in JSON.parse, both of them the same.
  return status !== undefined && status.Status.leader === status.Status.header.member_id;
}

interface EndpointStatus {
  Status: { leader: number; header: { member_id: number } };
}

async function sum<T>(all: readonly T[], of: (one: T) => Promise<number>): Promise<number> {
  return (await Promise.all(all.map(of))).reduce((total, one) => total + one, 0);
}
