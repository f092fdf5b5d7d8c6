import { type IdentitiesFile, subjects } from '@etcd-rotate/protocol';
import { sizeLimits } from './codec.ts';

export interface NatsServerConfig {
  /** `host:port` */
  listen: string;
  serverName: string;
  /** Paths of PEM files. */
  tls: { cert: string; key: string; ca: string };
  /** The coordinator's public nkey. */
  coordinator: string;
  identities: IdentitiesFile;
  pidFile: string;
  /** Without it the server logs to stderr. */
  logFile?: string | undefined;
}

/** The inbox prefix that the configuration lets the coordinator read, and nobody else. */
export const coordinatorInbox = subjects.inbox('coordinator', 'coordinator');

/**
 * The configuration of the embedded server, and a model for one's own: TLS for everybody, and each nkey may only speak
 * and hear as who it is. An nkey that is not listed cannot connect; a subject that is not listed is denied.
 */
export function natsServerConfig(config: NatsServerConfig): string {
  const { tls, identities } = config;
  const users = [coordinator(config), ...identities.known.map((known) => identity(identities.fleet, known))];
  return `# Made by etcd-rotate; changes are overwritten.
listen: ${quote(config.listen)}
server_name: ${quote(config.serverName)}
pid_file: ${quote(config.pidFile)}
${config.logFile === undefined ? '' : `log_file: ${quote(config.logFile)}\n`}
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

authorization {
  timeout: 5
  users: [
${users.map(user).join('\n')}
  ]
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

function coordinator({ coordinator: nkey, identities: { fleet, known } }: NatsServerConfig): User {
  return {
    nkey,
    publish: [subjects.command(fleet, '*'), ...known.map(inboxOf)],
    subscribe: [subjects.results(fleet), subjects.request(fleet), `${coordinatorInbox}.>`],
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
        publish: [subjects.request(fleet)],
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
