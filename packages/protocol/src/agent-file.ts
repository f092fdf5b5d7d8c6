import { z } from 'zod';
import { Duration } from './duration.ts';
import { Name } from './name.ts';

const Path = z.string().startsWith('/', { error: 'an absolute path' }).max(4096);
const LeafFiles = z.strictObject({ cert: Path, key: Path });
const BundleFile = z.strictObject({ ca: Path });

/** A program and its arguments; no shell is involved. */
const CommandLine = z.array(z.string().min(1)).min(1);

/** How long a restart or reload may take as such; whether the holder then serves has a time of its own. */
const Timeout = Duration.default(60_000);

/** As systemd would take it (systemd.unit(5)), and nothing that a program could take for an option or a path. */
const Unit = z.strictObject({
  unit: z
    .string()
    .max(255)
    .regex(/^[A-Za-z0-9_:\\][A-Za-z0-9_:.\\-]*(@[A-Za-z0-9_:.\\-]+)?\.service$/, {
      error: 'the name of a systemd service, e.g. "etcd.service" or "etcd@main.service"',
    }),
});

/** An etcd that hands its lead over and closes its database needs that long at worst. */
export const leastGraceMs = 20_000;

const Container = z.strictObject({
  engine: z.enum(['docker', 'podman']),
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/, {
    error: 'the name or id of a container, e.g. "etcd"',
  }),
  /** From SIGTERM to SIGKILL. */
  grace: Duration.default(30_000).refine((ms) => ms >= leastGraceMs, {
    error: `at least ${leastGraceMs / 1000}s: whoever is killed while it stops may lose what it had in hand`,
  }),
});

type Way<K extends string, V> = { [key in K]: V } & { timeout: number };

/** How a holder is made to begin anew: by exactly one of three. */
export type Restart =
  | Way<'systemd', z.infer<typeof Unit>>
  | Way<'container', z.infer<typeof Container>>
  | Way<'command', string[]>;

const Restart = z
  .strictObject({
    systemd: Unit.optional(),
    container: Container.optional(),
    command: CommandLine.optional(),
    timeout: Duration.optional(),
  })
  .transform(({ systemd, container, command, timeout: said }, context): Restart => {
    // A service has a minute and a half to stop, unless its unit says otherwise (systemd-system.conf(5)).
    const timeout = said ?? (systemd ? 120_000 : 60_000);
    const ways = [
      systemd && { systemd, timeout },
      container && { container, timeout },
      command && { command, timeout },
    ].filter((way) => way !== undefined);
    const [way, ...others] = ways;
    const isLong = container === undefined || timeout > container.grace;
    if (way && others.length === 0 && isLong) return way;
    const message = isLong
      ? 'exactly one of systemd, container and command: how it is restarted'
      : 'longer than the grace of the container: to stop is a part of it';
    context.issues.push({ code: 'custom', message, path: isLong ? [] : ['timeout'], input: timeout });
    return z.NEVER;
  });

/** How a client is made to read its files again. */
export type Reload = Exclude<Restart, { container: unknown }>;

const Reload = z
  .strictObject({ systemd: Unit.optional(), command: CommandLine.optional(), timeout: Timeout })
  .transform(({ systemd, command, timeout }, context): Reload => {
    if (systemd && !command) return { systemd, timeout };
    if (command && !systemd) return { command, timeout };
    const message = 'exactly one of systemd and command: how it is told to read its files';
    context.issues.push({ code: 'custom', message, input: timeout });
    return z.NEVER;
  });

/**
 * The pid file of a holder's process, where there is one. Where it is not given, a systemd service and a container say
 * which process theirs is; with a command, a member's is the one that listens on its endpoint.
 */
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
  restart: Restart,
  process: ProcessHint.optional(),
});
export type AgentMember = z.infer<typeof AgentMember>;

export const AgentClient = z
  .strictObject({
    name: Name,
    cluster: Name,
    slots: z.strictObject({ 'client-leaf': LeafFiles, 'server-bundle': BundleFile }),
    /** A restart is proven by a new process; a reload by the client's new connections. */
    restart: Restart.optional(),
    reload: Reload.optional(),
    process: ProcessHint.optional(),
    /** The URLs at which it reaches members: their leaves must name those hosts. */
    endpoints: z.array(HttpsUrl).default([]),
  })
  .refine((client) => (client.restart === undefined) !== (client.reload === undefined), {
    error: 'either restart or reload: how the client takes new files',
  })
  .refine(({ process, restart, reload }) => process || !('command' in { ...(restart ?? reload) }), {
    path: ['process'],
    error: 'its pid file: with a command, nothing else says which process is the client',
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
