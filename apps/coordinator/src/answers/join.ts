import { fail, type JoinReply, type JoinRequest } from '@etcd-rotate/protocol';
import type { CoordinatorParts } from '../coordinator.ts';

type Joining = Pick<CoordinatorParts, 'identities' | 'journal' | 'nats' | 'own'> & { now: () => Date };

/** Lets a node in whose token was made for it and is not used up; it is used up when that is written down. */
export async function join(
  request: JoinRequest,
  { identities, journal, nats, own, now }: Joining,
): Promise<JoinReply['outcome']> {
  const { node, token, nkey, publicKey } = request;
  const there = identities.node(node);
  // Asked again after a lost answer, with the same keys.
  const isIn = there?.token === token && there.known.key === publicKey && there.known.nkey === nkey;
  if (!isIn) {
    const invited = identities.invitation(node, now());
    if (invited?.token !== token) return notInvited(node, there?.token === token);
    if (there && !invited.replaces) return joinedMeanwhile(node);
    if (isTaken(nkey, { node, identities, own })) return taken(node);
    const entry = await journal.append({ type: 'joined', node, token, nkey, publicKey });
    if (!entry.ok) return entry;
  }
  const told = await nats.tell(identities.all());
  return told.ok ? { ok: true, coordinatorKey: own.publicKey, nats: nats.place } : told;
}

/** NATS knows each nkey once: with two it would take no configuration at all. */
function isTaken(
  nkey: string,
  { node, identities, own }: Pick<Joining, 'identities' | 'own'> & { node: string },
): boolean {
  const others = identities.all().filter(({ kind, name }) => kind !== 'node' || name !== node);
  return [own.nkey, own.joining.nkey, ...others.map((one) => one.nkey)].includes(nkey);
}

function taken(node: string): ReturnType<typeof fail> {
  return fail(
    'not-signed',
    `node ${node} asks to join with an nkey that is somebody else's`,
    'make a token with `rotate node add` and use it with `etcd-rotate-agent join`',
  );
}

function notInvited(node: string, wasUsed: boolean): ReturnType<typeof fail> {
  const why = wasUsed
    ? 'was used already, with other keys'
    : 'is not one that is waited for: it was used, has expired, was taken back, or is for another node';
  return fail(
    'bad-token',
    `the token that node ${node} shows ${why}`,
    `make another one: rotate node add ${node}`,
  );
}

function joinedMeanwhile(node: string): ReturnType<typeof fail> {
  return fail(
    'exists',
    `node ${node} has an identity already, and the token does not say that it may be replaced`,
    `rotate node add ${node} --replace`,
  );
}
