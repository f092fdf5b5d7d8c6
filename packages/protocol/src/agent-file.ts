import { z } from 'zod';
import { Duration } from './duration.ts';
import { Name } from './name.ts';

const Path = z.string().startsWith('/', { error: 'an absolute path' }).max(4096);
const LeafFiles = z.strictObject({ cert: Path, key: Path });
const BundleFile = z.strictObject({ ca: Path });

/** A program and its arguments; no shell is involved. */
const CommandLine = z.array(z.string().min(1)).min(1);

const RunCommand = z.strictObject({ command: CommandLine, timeout: Duration.default(60_000) });

/** How the agent finds the process of a holder. A member's is the one that listens on its endpoint, unless said. */
const ProcessHint = z.strictObject({ pidFile: Path });

const HttpsUrl = z.url({ protocol: /^https$/, error: 'an https URL with a host and a port' });

/** The agent's own etcd client: a client holder like any other, named `agent-<node>`. */
const EtcdClient = z.strictObject({ cert: Path, key: Path, ca: Path });

export const AgentMember = z.strictObject({
  name: Name,
  cluster: Name,
  /** The member's own client URL, as the agent reaches it. */
  endpoint: HttpsUrl,
  /** The member's own advertised peer URL. */
  peerEndpoint: HttpsUrl,
  slots: z.strictObject({
    'server-leaf': LeafFiles,
    'client-bundle': BundleFile,
    'peer-leaf': LeafFiles,
    'peer-bundle': BundleFile,
  }),
  etcdClient: EtcdClient,
  restart: RunCommand,
  process: ProcessHint.optional(),
});
export type AgentMember = z.infer<typeof AgentMember>;

export const AgentClient = z
  .strictObject({
    name: Name,
    cluster: Name,
    slots: z.strictObject({ 'client-leaf': LeafFiles, 'server-bundle': BundleFile }),
    /** A restart is proven by a new process; a reload by the client's new connections. */
    restart: RunCommand.optional(),
    reload: RunCommand.optional(),
    process: ProcessHint,
    /** The URLs at which it reaches members: their leaves must name those hosts. */
    endpoints: z.array(HttpsUrl).default([]),
  })
  .refine((client) => (client.restart === undefined) !== (client.reload === undefined), {
    error: 'either restart or reload: how the client takes new files',
  });
export type AgentClient = z.infer<typeof AgentClient>;

/** `agent.yaml`: the only place where paths, commands and process hints of a node stand. */
export const AgentFile = z.strictObject({
  version: z.literal(1),
  node: Name,
  /** The identity file that `etcd-rotate-coordinator init` made for this node. */
  identity: Path.default('/etc/etcd-rotate/identity.json'),
  state: Path.default('/var/lib/etcd-rotate/agent'),
  members: z.array(AgentMember).default([]),
  clients: z.array(AgentClient).default([]),
});
export type AgentFile = z.infer<typeof AgentFile>;
