import { z } from 'zod';
import { Duration } from './duration.ts';
import { Name } from './name.ts';

const Path = z.string().min(1).max(4096);

const EmbeddedNats = z.strictObject({
  /** Where the embedded nats-server listens, e.g. `10.0.0.5:4222`. */
  listen: z.string().regex(/^\[?[0-9A-Za-z.:-]+\]?:\d{1,5}$/, { error: 'host:port, e.g. "10.0.0.5:4222"' }),
  /** The nats-server program; else `NATS_SERVER_BIN`, else the one in PATH. */
  server: Path.optional(),
});

const ExternalNats = z.strictObject({
  servers: z.array(z.string().startsWith('tls://')).min(1),
  /** The monitoring endpoints of these servers, e.g. `http://10.0.0.5:8222`: how they keep what they acknowledge. */
  monitoring: z
    .array(z.string().regex(/^https?:\/\//, { error: 'a URL, e.g. "http://10.0.0.5:8222"' }))
    .default([]),
  /** Keep the journal there although a power cut may take entries that were acknowledged. */
  acceptUnsafe: z.boolean().default(false),
});

const JetStream = z.strictObject({
  /** How long nobody else may lead after the leader was last heard of. */
  lease: Duration.refine((ms) => ms >= 1_000, { error: 'at least 1s' }).default(5_000),
  /** On how many NATS servers the journal is kept; one unless there are three servers. */
  replicas: z.union([z.literal(1), z.literal(3), z.literal(5)]).optional(),
});

/** `coordinator.yaml`; relative paths are taken from the folder of the file. */
export const CoordinatorFile = z
  .strictObject({
    version: z.literal(1),
    /** Which coordinator this is, where there are two; the name of the machine unless said. */
    name: Name.optional(),
    fleet: Path.default('fleet.yaml'),
    /** The folder that `etcd-rotate-coordinator init` made: signing key, identities, NATS certificates. */
    identity: Path.default('identity'),
    state: Path.default('/var/lib/etcd-rotate/coordinator'),
    /** Opens the CA keys. `credential` names a systemd credential (LoadCredential=). */
    passphrase: z.union([z.strictObject({ file: Path }), z.strictObject({ credential: z.string().min(1) })]),
    nats: z.union([z.strictObject({ embedded: EmbeddedNats }), z.strictObject({ external: ExternalNats })]),
    /** Where the record of all rotations is kept: in the state folder, or where several coordinators reach it. */
    journal: z.union([z.literal('file'), z.strictObject({ jetstream: JetStream })]).default('file'),
  })
  .refine(({ nats, journal }) => journal === 'file' || 'external' in nats, {
    path: ['journal'],
    error: 'a journal in JetStream needs nats.external: an embedded NATS ends with its coordinator',
  });
export type CoordinatorFile = z.infer<typeof CoordinatorFile>;
