import { basename, dirname, normalize } from 'node:path';
import {
  type AgentClient,
  type AgentFile,
  type AgentMember,
  agentClient,
  type HolderId,
  type Reload,
  type Restart,
  type Slot,
} from '@etcd-rotate/protocol';

/** The files of a slot on this node. */
export type SlotFiles = { cert: string; key: string } | { ca: string };

interface Common {
  holder: HolderId;
  cluster: string;
  slots: Partial<Record<Slot, SlotFiles>>;
}

export interface MemberHolder extends Common {
  kind: 'member';
  endpoint: string;
  peerEndpoint: string;
  restart: Restart;
  pidFile: string | undefined;
}

export interface ClientHolder extends Common {
  kind: 'client';
  restart: Restart | undefined;
  reload: Reload | undefined;
  pidFile: string | undefined;
  /** The URLs at which it reaches members. */
  endpoints: string[];
}

/** The agent's own etcd client: re-read for each probe, so that nothing has to be restarted. */
export interface AgentHolder extends Common {
  kind: 'agent';
  /** The member whose probes it serves. */
  member: HolderId;
}

export type Holder = MemberHolder | ClientHolder | AgentHolder;

/** Every holder of a node with its files and commands: from the agent file alone, never from the wire. */
export function holdersOf(file: AgentFile): Holder[] {
  return [
    ...file.members.flatMap((member) => [memberHolder(member), agentHolder(member, file.node)]),
    ...file.clients.map(clientHolder),
  ];
}

function memberHolder(member: AgentMember): MemberHolder {
  return {
    kind: 'member',
    holder: `member/${member.name}`,
    cluster: member.cluster,
    slots: normal(member.slots),
    endpoint: member.endpoint,
    peerEndpoint: member.peerEndpoint,
    restart: member.restart,
    pidFile: member.process?.pidFile,
  };
}

function agentHolder({ name, cluster, etcdClient }: AgentMember, node: string): AgentHolder {
  return {
    kind: 'agent',
    holder: agentClient(node),
    cluster,
    member: `member/${name}`,
    slots: normal({
      'client-leaf': { cert: etcdClient.cert, key: etcdClient.key },
      'server-bundle': { ca: etcdClient.ca },
    }),
  };
}

function clientHolder(client: AgentClient): ClientHolder {
  return {
    kind: 'client',
    holder: `client/${client.name}`,
    cluster: client.cluster,
    slots: normal(client.slots),
    restart: client.restart,
    reload: client.reload,
    pidFile: client.process?.pidFile,
    endpoints: client.endpoints,
  };
}

/** One way of writing for each path: files are told apart by it. */
function normal(slots: Common['slots']): Common['slots'] {
  return Object.fromEntries(
    Object.entries(slots).map(([slot, files]) => [
      slot,
      Object.fromEntries(Object.entries(files).map(([part, path]) => [part, normalize(path)])),
    ]),
  );
}

/** Every path of a slot, the certificate or bundle first. */
export function pathsOf(files: SlotFiles): string[] {
  return 'ca' in files ? [files.ca] : [files.cert, files.key];
}

/** The file of a slot that holds certificates. */
export function certificateFile(files: SlotFiles): string {
  return 'ca' in files ? files.ca : files.cert;
}

/** The names that lie in a folder and belong to any slot of the node: they change together, in one generation. */
export function managedNames(holders: readonly Holder[], folder: string): string[] {
  const paths = holders.flatMap(({ slots }) => Object.values(slots).flatMap(pathsOf));
  const names = paths.filter((path) => dirname(path) === folder).map((path) => basename(path));
  return [...new Set(names)].sort();
}
