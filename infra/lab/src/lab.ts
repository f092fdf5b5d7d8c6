import { readFileSync } from 'node:fs';
import { clientPort, peerPort } from './addresses.ts';
import { type ControlPlane, makeControlPlane } from './control-plane.ts';
import { dial, readCredentials } from './grpc/dial.ts';
import { read } from './grpc/etcd-calls.ts';
import type { LabOptions } from './lab-options.ts';
import type { Layout, MemberLayout, PairFiles } from './layout.ts';
import { endLab, noteOwner } from './leftovers.ts';
import { type Load, makeLoad } from './load.ts';
import { type KeyPair, type Presented, presented, tryLeaf, type Verdict } from './probe.ts';
import { type Ran, runProgram } from './run-program.ts';
import { makeSampler, type Sampler } from './sampler.ts';
import { type Service, servicesIn } from './services.ts';
import { type SlotFile, slotFiles } from './slot-files.ts';
import { Hopeless, until } from './until.ts';

export type PortName = 'client' | 'peer';

export interface PresentedBy extends Presented {
  member: string;
  port: PortName;
}

export interface Lab extends AsyncDisposable {
  readonly folder: string;
  readonly layout: Layout;
  readonly options: LabOptions;
  /** As etcd says it, such as `3.5.30`. */
  readonly etcdVersion: string;
  readonly etcdctlFile: string;
  /** Services of the members. */
  etcd(member: string): Service;
  /** Waits until every member (or these) answers a linearizable read over a new connection. */
  serving(members?: string[]): Promise<void>;
  readonly control: ControlPlane;
  readonly load: Load;
  readonly sampler: Sampler;
  /** `rotate` with the operator's identity. */
  rotate: ControlPlane['rotate'];
  etcdctl(args: string[], options?: { member?: string }): Promise<Ran>;
  /** Turns etcd auth on: the agents' common name (root) is the user root, that of writer and watcher may use all keys. */
  enableAuth(): Promise<void>;
  /** The name of the leading member. */
  leader(): Promise<string>;
  /** What every port presents now. */
  presents(): Promise<PresentedBy[]>;
  /** Whether a port lets a leaf in; on peer ports dialled from `from`, which must be an address in the leaf. */
  accepts(at: { member: string; port: PortName; from?: string }, pair: KeyPair): Promise<Verdict>;
  /** What the slots hold on disk now. */
  slotFiles(): SlotFile[];
  /** A key pair as it lies in files now. */
  pair(files: PairFiles): KeyPair;
  /** Leaves of the first CAs that no slot holds: a client, and each member's first peer leaf. */
  readonly kept: { client: KeyPair; peer: Record<string, KeyPair> };
  /** Every process of the lab that runs, by name. */
  pids(): Record<string, number>;
  /** From now on the lab outlives its scope: nothing is ended or removed. */
  keep(): void;
}

export interface LabParts {
  options: LabOptions;
  layout: Layout;
  services: Service[];
  natsServer: string;
  etcdctl: string;
  etcdVersion: string;
}

export function makeLab({ options, layout, services, natsServer, etcdctl, etcdVersion }: LabParts): Lab {
  const { folder, members } = layout;
  const { load = true, control = true } = options;
  let kept = false;
  const member = (name: string): MemberLayout => named(members, name);
  const etcd = (name: string): Service => named(services, `etcd-${name}`);
  const parts = {
    load: load ? makeLoad(layout) : undefined,
    control: control ? makeControlPlane(layout, natsServer) : undefined,
    sampler: makeSampler(layout, etcd),
  };
  const lab: Lab = {
    folder,
    layout,
    options,
    etcdVersion,
    etcdctlFile: etcdctl,
    etcd,
    kept: { client: { cert: '', key: '' }, peer: {} },
    sampler: parts.sampler,
    get load() {
      return present(parts.load, 'load');
    },
    get control() {
      return present(parts.control, 'control');
    },
    rotate: (args, how) => lab.control.rotate(args, how),
    async serving(names = members.map(({ name }) => name)) {
      await Promise.all(names.map((name) => until(`${name} serves`, () => serves(member(name), etcd(name)))));
    },
    etcdctl(args, { member: at } = {}) {
      const endpoints = at === undefined ? members : [member(at)];
      const [first] = members;
      const { cert, key, ca } = present(first, 'member').agentClient;
      const flags = [`--cert=${cert}`, `--key=${key}`, `--cacert=${ca}`];
      const urls = endpoints.map(({ clientUrl }) => clientUrl).join(',');
      return runProgram([etcdctl, `--endpoints=${urls}`, ...flags, ...args], {
        environment: { ETCDCTL_API: '3' },
      });
    },
    async enableAuth() {
      for (const args of authCommands(options)) {
        const { code, stderr } = await lab.etcdctl(args, { member: named(members, 'm1').name });
        if (code !== 0) throw new Error(`etcdctl ${args.join(' ')}: ${stderr}`);
      }
    },
    async leader() {
      const { code, stdout, stderr } = await lab.etcdctl(['endpoint', 'status', '--write-out=json']);
      if (code !== 0) throw new Error(`etcdctl endpoint status: ${stderr}`);
      const leading = (JSON.parse(stdout) as EndpointStatus[]).find(
        ({ Status }) => Status.leader === Status.header.member_id,
      );
      return present(
        members.find(({ clientUrl }) => clientUrl === leading?.Endpoint),
        'leader',
      ).name;
    },
    presents() {
      const ports = members.flatMap(({ name, address }) =>
        (['client', 'peer'] as const).map((port) => ({ name, address, port })),
      );
      return Promise.all(
        ports.map(async ({ name, address, port }) => ({
          member: name,
          port,
          ...(await presented({ host: address, port: portNumbers[port] })),
        })),
      );
    },
    accepts({ member: name, port, from }, pair) {
      return tryLeaf({ host: member(name).address, port: portNumbers[port] }, pair, from);
    },
    slotFiles: () => slotFiles(layout),
    pair: readPair,
    pids() {
      const running = servicesIn(layout.services).map((service) => [service.name, service.pid()] as const);
      return Object.fromEntries(running.flatMap(([name, pid]) => (pid === undefined ? [] : [[name, pid]])));
    },
    keep() {
      kept = true;
      noteOwner(folder, 'kept');
    },
    async [Symbol.asyncDispose]() {
      if (!kept) await endLab(folder);
    },
  };
  return lab;
}

/** Users are common names: nobody has a password (facts: etcd, section 9). */
export function authCommands({
  agentCommonName,
  clientCommonName,
  load = true,
}: Pick<LabOptions, 'agentCommonName' | 'clientCommonName' | 'load'>): string[][] {
  if (agentCommonName !== 'root') throw new Error("auth wants a lab with agentCommonName: 'root'");
  const clients = !load ? [] : clientCommonName === undefined ? ['writer', 'watcher'] : [clientCommonName];
  return [
    ['user', 'add', 'root', '--no-password'],
    ['role', 'add', 'root'],
    ['user', 'grant-role', 'root', 'root'],
    ['role', 'add', 'everything'],
    ['role', 'grant-permission', 'everything', '--prefix=true', 'readwrite', ''],
    ...clients
      .filter((name) => name !== 'root')
      .flatMap((name) => [
        ['user', 'add', name, '--no-password'],
        ['user', 'grant-role', name, 'everything'],
      ]),
    ['auth', 'enable'],
  ];
}

const portNumbers = { client: clientPort, peer: peerPort };

interface EndpointStatus {
  Endpoint: string;
  // Ids lose digits in JSON.parse, both of them the same.
  Status: { leader: number; header: { member_id: number } };
}

async function serves({ clientUrl, agentClient }: MemberLayout, service: Service): Promise<boolean> {
  if (service.pid() === undefined) throw new Hopeless(`${service.name} ended: ${service.log().slice(-500)}`);
  const session = await dial(clientUrl, readCredentials(agentClient), 1_000);
  try {
    await read(session, 'lab', 1_000);
    return true;
  } finally {
    session.destroy();
  }
}

export function readPair({ cert, key }: PairFiles): KeyPair {
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}

function named<T extends { name: string }>(all: T[], name: string): T {
  return present(
    all.find((one) => one.name === name),
    name,
  );
}

function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`this lab has no ${what}`);
  return value;
}
