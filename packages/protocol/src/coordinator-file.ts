import { z } from 'zod';

const Path = z.string().min(1).max(4096);

const EmbeddedNats = z.strictObject({
  /** Where the embedded nats-server listens, e.g. `10.0.0.5:4222`. */
  listen: z.string().regex(/^\[?[0-9A-Za-z.:-]+\]?:\d{1,5}$/, { error: 'host:port, e.g. "10.0.0.5:4222"' }),
  /** The nats-server program; else `NATS_SERVER_BIN`, else the one in PATH. */
  server: Path.optional(),
});

const ExternalNats = z.strictObject({ servers: z.array(z.string().startsWith('tls://')).min(1) });

/** `coordinator.yaml`; relative paths are taken from the folder of the file. */
export const CoordinatorFile = z.strictObject({
  version: z.literal(1),
  fleet: Path.default('fleet.yaml'),
  /** The folder that `etcd-rotate-coordinator init` made: signing key, identities, NATS certificates. */
  identity: Path.default('identity'),
  state: Path.default('/var/lib/etcd-rotate/coordinator'),
  /** Opens the CA keys. `credential` names a systemd credential (LoadCredential=). */
  passphrase: z.union([z.strictObject({ file: Path }), z.strictObject({ credential: z.string().min(1) })]),
  nats: z.union([z.strictObject({ embedded: EmbeddedNats }), z.strictObject({ external: ExternalNats })]),
});
export type CoordinatorFile = z.infer<typeof CoordinatorFile>;
