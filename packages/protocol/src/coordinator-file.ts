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

/** Where a secret is: in a file that only we can read, or in a systemd credential (LoadCredential=). */
export const SecretPlace = z.union([
  z.strictObject({ file: Path }),
  z.strictObject({ credential: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.@:-]{0,254}$/) }),
]);
export type SecretPlace = z.infer<typeof SecretPlace>;

/** Where secrets and keys are asked for: without TLS on this machine alone. */
const SignerUrl = z
  .url({ protocol: /^https?$/, error: 'a URL, e.g. "https://ca.example:8888"' })
  .max(2048)
  .refine((url) => url.startsWith('https:') || isLoopback(new URL(url).hostname), {
    error: 'https://, since http:// is allowed to this machine alone (127.0.0.1, [::1])',
  })
  .refine((url) => isBare(new URL(url)), {
    error: 'a URL without user, password, query and fragment: secrets have a place of their own',
  });

function isLoopback(host: string): boolean {
  // Not by a name: where that leads, others decide.
  return /^127\.\d+\.\d+\.\d+$/.test(host) || host === '[::1]';
}

function isBare({ username, password, search, hash }: URL): boolean {
  return username + password + search + hash === '';
}

/** What a signer outside calls its profiles, roles and labels. */
const OutsideName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_. -]{0,127}$/, {
  error: 'letters, digits, spaces and . _ -',
});

/**
 * Which profile or role makes leaves of which extended key usages: a signer outside has them from there, and not from
 * who asks. One name where all leaves have the same ones.
 */
export const ByUsage = z.union([
  OutsideName,
  z.strictObject({
    serverAndClient: OutsideName.optional(),
    server: OutsideName.optional(),
    client: OutsideName.optional(),
  }),
]);
export type ByUsage = z.infer<typeof ByUsage>;

export const CfsslSigner = z.strictObject({
  url: SignerUrl,
  /** The server's default one unless said. */
  profile: ByUsage.optional(),
  /** One that gives minutes of life: how long, cfssl cannot be asked. */
  canaryProfile: ByUsage,
  label: OutsideName.optional(),
  /** The key under `auth_keys` of cfssl's configuration, in hex. */
  authKey: SecretPlace,
  /** Who signed the certificate of the URL; else those that Node trusts. */
  ca: Path.optional(),
});
export type CfsslSigner = z.infer<typeof CfsslSigner>;

export const VaultSigner = z.strictObject({
  url: SignerUrl,
  /** Where the PKI secrets engine is mounted. */
  mount: z
    .string()
    .regex(/^[A-Za-z0-9_-][A-Za-z0-9_.-]*(\/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*$/, {
      error: 'a path such as "pki"',
    })
    .max(256)
    .default('pki'),
  role: ByUsage,
  token: SecretPlace,
  namespace: z
    .string()
    .regex(/^[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)*\/?$/)
    .max(256)
    .optional(),
  ca: Path.optional(),
});
export type VaultSigner = z.infer<typeof VaultSigner>;

/** A CA whose key stays with somebody else, whom we ask for signatures. */
const aboutSigner = {
  /** What the CA is called, beside those that the coordinator holds. */
  name: Name.refine((name) => name !== 'kdf', { error: 'another name' }),
  /** Its certificate in PEM; one that is no root is followed by those above it, up to the root. */
  certificate: Path,
};
export const OutsideSigner = z.union([
  z.strictObject({ ...aboutSigner, cfssl: CfsslSigner }),
  z.strictObject({ ...aboutSigner, vault: VaultSigner }),
]);
export type OutsideSigner = z.infer<typeof OutsideSigner>;

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
    /** CAs whose keys stay outside. */
    signers: z
      .array(OutsideSigner)
      .max(32)
      .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, {
        error: 'two have one name',
      })
      .default([]),
    /** Where the record of all rotations is kept: in the state folder, or where several coordinators reach it. */
    journal: z.union([z.literal('file'), z.strictObject({ jetstream: JetStream })]).default('file'),
  })
  .refine(({ nats, journal }) => journal === 'file' || 'external' in nats, {
    path: ['journal'],
    error: 'a journal in JetStream needs nats.external: an embedded NATS ends with its coordinator',
  });
export type CoordinatorFile = z.infer<typeof CoordinatorFile>;
