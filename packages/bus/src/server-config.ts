import { type IdentitiesFile, subjects } from '@etcd-rotate/protocol';
import { sizeLimits } from './codec.ts';
import { apiSubjects, streamsOf } from './jetstream/streams.ts';

export interface NatsServerConfig {
  /** `host:port` */
  listen: string;
  serverName: string;
  /** Paths of PEM files. */
  tls: { cert: string; key: string; ca: string };
  /** The coordinator's public nkey. */
  coordinator: string;
  /** That of nodes which have no identity yet. */
  joining: string;
  identities: IdentitiesFile;
  /** Of a server that we start ourselves. */
  pidFile?: string | undefined;
  /** Without it the server logs to stderr. */
  logFile?: string | undefined;
  /** For a server that keeps the journal of several coordinators. */
  jetStream?: JetStreamConfig | undefined;
}

export interface JetStreamConfig {
  storeFolder: string;
  /** `host:port` of the monitoring endpoint, from which coordinators read how the server keeps what it acknowledges. */
  monitoring: string;
}

/** The inbox prefix that the configuration lets the coordinator read, and nobody else. */
export const coordinatorInbox = subjects.inbox('coordinator', 'coordinator');

/** Shared by all who join: what is answered there is signed, and nothing to keep from another one. */
export const joiningInbox = subjects.inbox('joining', 'node');

/**
 * The configuration of the embedded server, and a model for one's own: TLS for everybody, and each nkey may only speak
 * and hear as who it is. An nkey that is not listed cannot connect; a subject that is not listed is denied.
 */
export function natsServerConfig(config: NatsServerConfig): string {
  const { tls } = config;
  const { pidFile, logFile } = config;
  return `# Made by etcd-rotate${pidFile === undefined ? '' : '; changes are overwritten'}.
listen: ${quote(config.listen)}
server_name: ${quote(config.serverName)}
${pidFile === undefined ? '' : `pid_file: ${quote(pidFile)}\n`}${logFile === undefined ? '' : `log_file: ${quote(logFile)}\n`}
# Headers count as payload, so there is room for them beside the largest message.
max_payload: ${Math.max(...Object.values(sizeLimits)) + 64 * 1024}
write_deadline: "10s"
ping_interval: "20s"

tls {
  cert_file: ${quote(tls.cert)}
  key_file: ${quote(tls.key)}
  ca_file: ${quote(tls.ca)}
  timeout: 5
}
${config.jetStream === undefined ? '' : jetStream(config.jetStream)}
authorization {
  timeout: 5
  users: [
${natsUsers(config)}
  ]
}
`;
}

/** The users alone, for the configuration of a server that is not ours. */
export function natsUsers(
  config: Pick<NatsServerConfig, 'coordinator' | 'joining' | 'identities' | 'jetStream'>,
): string {
  const { identities } = config;
  const users = [
    coordinator(config),
    joining(config),
    ...identities.known.map((known) => identity(identities.fleet, known)),
  ];
  return users.map(user).join('\n');
}

function jetStream({ storeFolder, monitoring }: JetStreamConfig): string {
  return `
# Answers /varz to whoever asks, so it listens where only coordinators get.
http: ${quote(monitoring)}

jetstream {
  store_dir: ${quote(storeFolder)}
  # Else what was acknowledged in the last two minutes is gone after a power cut.
  sync_interval: always
}
`;
}

type Known = IdentitiesFile['known'][number];

interface User {
  nkey: string;
  publish: string[];
  subscribe: string[];
  /** May answer what it was asked, once and soon. */
  responds: boolean;
}

function coordinator({
  coordinator: nkey,
  identities,
  jetStream,
}: Pick<NatsServerConfig, 'coordinator' | 'identities' | 'jetStream'>): User {
  const { fleet, known } = identities;
  return {
    nkey,
    publish: [
      subjects.command(fleet, '*'),
      ...known.map(inboxOf),
      `${joiningInbox}.>`,
      ...(jetStream === undefined ? [] : sharedBy(fleet)),
    ],
    subscribe: [
      subjects.results(fleet),
      subjects.requests(fleet),
      subjects.join(fleet),
      `${coordinatorInbox}.>`,
    ],
    responds: false,
  };
}

/** To make the streams of the fleet, to read them and to write into them. */
function sharedBy(fleet: string): string[] {
  const { journal, shared, coordinators } = streamsOf(fleet);
  return [journal.subjects, `${shared.subjects}.>`, `${coordinators.subjects}.>`, ...apiSubjects(fleet)];
}

/** A node that has no identity yet may ask to be let in: a token decides whether it is. */
function joining({
  joining: nkey,
  identities: { fleet },
}: Pick<NatsServerConfig, 'joining' | 'identities'>): User {
  return {
    nkey,
    publish: [subjects.join(fleet)],
    subscribe: [`${joiningInbox}.>`],
    responds: false,
  };
}

function identity(fleet: string, known: Known): User {
  const { kind, name, nkey } = known;
  switch (kind) {
    case 'node':
      return {
        nkey,
        publish: [subjects.result(fleet, name)],
        subscribe: [subjects.command(fleet, name), inboxOf(known)],
        responds: true,
      };
    case 'operator':
      return {
        nkey,
        publish: [subjects.request(fleet, name)],
        subscribe: [inboxOf(known)],
        responds: false,
      };
  }
}

function inboxOf({ kind, name }: Known): string {
  return `${subjects.inbox(kind, name)}.>`;
}

function user({ nkey, publish, subscribe, responds }: User): string {
  const responses = responds ? '\n      allow_responses: { max: 1, expires: "30s" }' : '';
  return `    { nkey: ${nkey}, permissions: {
      publish: { allow: [${publish.map(quote).join(', ')}] }
      subscribe: { allow: [${subscribe.map(quote).join(', ')}] }${responses}
    } }`;
}

function quote(text: string): string {
  return JSON.stringify(text);
}
