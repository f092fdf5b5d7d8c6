import { resolve } from 'node:path';
import { natsServerConfig } from '@etcd-rotate/bus';
import { ok, type Result } from '@etcd-rotate/protocol';
import { readIdentityFolder } from './identity-folder.ts';

export interface NatsConfigOptions {
  identityFolder: string;
  /** `host:port` each. */
  listen: string;
  monitoring: string;
  storeFolder: string;
  serverName: string | undefined;
}

/** The configuration of a nats-server that coordinators share, for whoever runs it. */
export async function natsConfig(options: NatsConfigOptions): Promise<Result<string>> {
  const identity = await readIdentityFolder(options.identityFolder);
  if (!identity.ok) return identity;
  const { own, identities, tls } = identity.value;
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
