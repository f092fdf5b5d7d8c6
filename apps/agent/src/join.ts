import { createHash } from 'node:crypto';
import { access, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import {
  askToJoin,
  connectBus,
  createNkey,
  createSigningKey,
  type JoinToken,
  joiningInbox,
  nkeyOf,
  publicKeyOf,
  readToken,
} from '@etcd-rotate/bus';
import { readSecretFile } from '@etcd-rotate/daemon';
import { writeDurably } from '@etcd-rotate/host';
import {
  fail,
  IdentityFile,
  type IdentityText,
  ok,
  type PublicKey,
  parse,
  type Result,
  Secret,
} from '@etcd-rotate/protocol';

export interface JoinOptions {
  token: string;
  /** Where the identity goes. */
  identityFile: string;
  /** The node of agent.yaml, where there is one. */
  node: string | undefined;
  replace: boolean;
  now: () => Date;
}

export interface Joined {
  node: string;
  fleet: string;
  identityFile: string;
  /** Whether NATS knows the new identity by now. */
  nats: 'embedded' | 'external';
}

/**
 * Makes the node's keys here, and has the coordinator take their public halves. They are on disk before they are shown to
 * anybody, under another name until the coordinator has them: killed anywhere, the same token used again goes on.
 */
export async function joinFleet(options: JoinOptions): Promise<Result<Joined>> {
  const { identityFile, now } = options;
  const read = readToken(options.token);
  if (!read.ok) return read;
  const token = read.value;
  const unfit = await whyNot(token, options);
  if (unfit) return unfit;
  const pending = `${identityFile}.joining`;
  const keys = await keysIn(pending, token);
  if (!keys.ok) return keys;

  const bus = await connectBus({
    servers: token.servers,
    ca: token.natsCa,
    nkeySeed: token.joiningSeed,
    name: `etcd-rotate-agent ${token.node} on ${hostname()}, joining`,
    inboxPrefix: joiningInbox,
    patienceMs: 10_000,
    onEvent: () => undefined,
  });
  if (!bus.ok) return bus;
  await using connection = bus.value;
  const { id, nkey, signingKey, publicKey, text } = keys.value;
  const joined = await askToJoin(connection, token, { id, nkey, signingKey, publicKey, now: now() });
  // The keys stay until they are taken: what was refused may have been written down, and the next token goes on with them.
  if (!joined.ok) return joined;
  const { coordinatorKey, nats } = joined.value;
  try {
    await writeDurably(identityFile, json({ ...text, coordinatorKey }));
    await rm(pending, { force: true });
  } catch (error) {
    const message = `${identityFile} cannot be written: ${String(error)}`;
    return fail(
      'bad-file',
      message,
      'make room, then use the same token again: the node has joined, and its keys are kept',
      true,
    );
  }
  return ok({ node: token.node, fleet: token.fleet, identityFile, nats });
}

/** For whoever joined: what is there now, and what is left to do. */
export function sayJoined({ node, fleet, identityFile, nats }: Joined): string {
  const told =
    nats === 'embedded'
      ? ''
      : 'NATS is not run by the coordinator: put what `rotate node list --nats-users` prints into its configuration and\nreload it. The agent tries until it is let in.\n';
  return `node ${node} has joined fleet ${fleet}: its keys were made here, in ${identityFile} (mode 0600)\n${told}Start the agent, or restart it: systemctl restart etcd-rotate-agent\n`;
}

async function whyNot(
  { node, expiresAt }: JoinToken,
  { identityFile, node: ours, replace, now }: JoinOptions,
): Promise<ReturnType<typeof fail> | undefined> {
  if (ours !== undefined && ours !== node) {
    return fail(
      'bad-token',
      `the token is for node ${node}, and agent.yaml says that this is node ${ours}`,
      `make one for this node: rotate node add ${ours}`,
    );
  }
  if (Date.parse(expiresAt) <= now().getTime()) {
    const message = `the token expired at ${expiresAt}, and here it is ${now().toISOString()}`;
    return fail('bad-token', message, `make another one: rotate node add ${node}; compare the clocks`);
  }
  if (replace || !(await isThere(identityFile))) return undefined;
  return fail(
    'exists',
    `${identityFile} is there already`,
    'to replace it, say --replace; the agent goes on with the one that it has read until it is restarted',
  );
}

interface NewKeys {
  /** Of the request: the same keys are asked for under the same id. */
  id: string;
  nkey: string;
  signingKey: Secret;
  publicKey: PublicKey;
  text: IdentityText;
}

/** The keys of an earlier call that broke off, or new ones. */
async function keysIn(pending: string, token: JoinToken): Promise<Result<NewKeys>> {
  const { fleet, node: name, servers, natsCa: ca, coordinatorKey } = token;
  const there = await textIn(pending);
  if (!there.ok) return there;
  const ours = there.value?.fleet === fleet && there.value.name === name ? there.value : undefined;
  const nats = { servers, ca, nkeySeed: ours?.nats.nkeySeed ?? createNkey().seed.reveal() };
  const signingKey = ours?.signingKey ?? createSigningKey().privateKey.reveal();
  const text: IdentityText = { version: 1, fleet, kind: 'node', name, nats, signingKey, coordinatorKey };
  try {
    await writeDurably(pending, json(text));
  } catch (error) {
    return fail(
      'bad-file',
      `${pending} cannot be written: ${String(error)}`,
      'run it as root, or name --identity',
    );
  }
  const publicKey = publicKeyOf(new Secret(signingKey));
  const digest = createHash('sha256').update(publicKey).digest('hex');
  const nkey = nkeyOf(new Secret(nats.nkeySeed));
  return ok({
    id: `join.${name}.${digest.slice(0, 32)}`,
    nkey,
    signingKey: new Secret(signingKey),
    publicKey,
    text,
  });
}

async function textIn(pending: string): Promise<Result<IdentityText | undefined>> {
  if (!(await isThere(pending))) return ok(undefined);
  const text = await readSecretFile(pending, hint(pending));
  if (!text.ok) return text;
  try {
    const value: unknown = JSON.parse(text.value);
    const parsed = parse(IdentityFile, value, pending);
    return parsed.ok ? ok(value as IdentityText) : parsed;
  } catch {
    return fail('bad-file', `${pending} is not JSON`, hint(pending));
  }
}

function hint(pending: string): string {
  return `it is of an earlier \`join\` that broke off: remove ${pending} and join again`;
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function json(text: IdentityText): string {
  return `${JSON.stringify(text, undefined, 2)}\n`;
}
