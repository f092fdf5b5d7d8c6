import { createPrivateKey } from 'node:crypto';
import { fail, Name, ok, PublicKey, type Result, Secret } from '@etcd-rotate/protocol';
import { createSigningKey } from './signing.ts';

/**
 * What one node needs to join once: where NATS is and by whose certificate it is known, whom it shall obey, and a key of
 * which the coordinator has the public half. The key is made by whoever asks for the token and never crosses NATS.
 */
export interface JoinToken {
  fleet: string;
  node: string;
  expiresAt: string;
  servers: string[];
  /** PEM of the CA for NATS. */
  natsCa: string;
  coordinatorKey: PublicKey;
  /** What a node without an identity connects with. */
  joiningSeed: Secret;
  /** Ed25519, PKCS#8 PEM. */
  key: Secret;
}

const prefix = 'etcd-rotate-join-1.';

export function createTokenKey(): { key: Secret; token: PublicKey } {
  const { privateKey: key, publicKey: token } = createSigningKey();
  return { key, token };
}

/** One word, to be pasted into a shell. */
export function writeToken(token: JoinToken): string {
  const { fleet, node, expiresAt, servers, natsCa, coordinatorKey, joiningSeed, key } = token;
  const { d } = createPrivateKey(key.reveal()).export({ format: 'jwk' });
  const fields = [fleet, node, expiresAt, servers, base64Of(natsCa), coordinatorKey, joiningSeed.reveal(), d];
  return `${prefix}${Buffer.from(JSON.stringify(fields)).toString('base64url')}`;
}

export function readToken(text: string): Result<JoinToken> {
  if (!text.startsWith(prefix)) return damaged(`a token begins with ${prefix}`);
  if (text.length > largest) return damaged('it is too long');
  const fields = fieldsOf(text.slice(prefix.length));
  if (!Array.isArray(fields) || fields.length !== 8) return damaged('a part of it is missing');
  const [fleet, node, expiresAt, servers, ca, coordinatorKey, seed, d] = fields as unknown[];
  const key = keyFrom(d);
  const isWhole =
    Name.safeParse(fleet).success &&
    Name.safeParse(node).success &&
    PublicKey.safeParse(coordinatorKey).success &&
    typeof expiresAt === 'string' &&
    Number.isFinite(Date.parse(expiresAt)) &&
    Array.isArray(servers) &&
    servers.length > 0 &&
    servers.every((server) => typeof server === 'string' && server.startsWith('tls://')) &&
    typeof ca === 'string' &&
    typeof seed === 'string' &&
    seed.startsWith('SU');
  if (!isWhole || !key) return damaged('a part of it is missing');
  return ok({
    fleet: String(fleet),
    node: String(node),
    expiresAt,
    servers,
    natsCa: pemOf(ca),
    coordinatorKey: String(coordinatorKey),
    joiningSeed: new Secret(seed),
    key,
  });
}

/** Far more than any has. */
const largest = 16_384;

function damaged(why: string): ReturnType<typeof fail> {
  return fail(
    'bad-token',
    `the join token is damaged: ${why}`,
    'copy it again, in one piece, from what `rotate node add` printed',
  );
}

function fieldsOf(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

/** The DER of an Ed25519 private key in PKCS#8 up to the key's 32 bytes (RFC 8410). */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');

function keyFrom(d: unknown): Secret | undefined {
  const raw = typeof d === 'string' ? Buffer.from(d, 'base64url') : undefined;
  if (raw?.length !== 32) return undefined;
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Prefix, raw]), format: 'der', type: 'pkcs8' });
  return new Secret(key.export({ type: 'pkcs8', format: 'pem' }).toString());
}

function base64Of(pem: string): string {
  return pem.replace(/-----[^-]+-----|\s/g, '');
}

function pemOf(base64: string): string {
  const lines = base64.match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
