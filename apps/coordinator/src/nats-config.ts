import { basename, join, resolve } from 'node:path';
import { natsServerConfig } from '@etcd-rotate/bus';
import { ok, type Result } from '@etcd-rotate/protocol';
import { readIdentityFolder } from './identity-folder.ts';

export interface NatsConfigOptions {
  identityFolder: string;
  /** `host:port` each. */
  listen: string;
  monitoring: string;
  storeFolder: string;
  /** On the machine of the nats-server; the identity folder's own where it is the same machine. */
  tlsFolder: string | undefined;
  serverName: string | undefined;
}

/** The configuration of a nats-server that coordinators share, for whoever runs it. */
export async function natsConfig(options: NatsConfigOptions): Promise<Result<string>> {
  const identity = await readIdentityFolder(options.identityFolder);
  if (!identity.ok) return identity;
  const { own, identities } = identity.value;
  const { tlsFolder } = options;
  const at = (path: string): string => (tlsFolder ? join(tlsFolder, basename(path)) : path);
  const { cert, key, ca } = identity.value.tls;
  const tls = { cert: at(cert), key: at(key), ca: at(ca) };
  return ok(
    `# Nodes that have joined with a token are in the journal and not here: put what \`rotate node list --nats-users\` prints
# in the place of the users below.
${natsServerConfig({
  listen: options.listen,
  serverName: options.serverName ?? `etcd-rotate-${own.fleet}`,
  tls,
  coordinator: own.nkey,
  joining: own.joining.nkey,
  identities,
  jetStream: { storeFolder: resolve(options.storeFolder), monitoring: options.monitoring },
})}`,
  );
}
