import { type Dialled, dial } from '@etcd-rotate/etcd';
import { accessOf, peerAccessOf, withoutSelf } from './access.ts';
import type { MemberHolder } from './holders.ts';
import { memberOn } from './node.ts';
import type { Work } from './work.ts';

const timeoutMs = 2000;

/**
 * Whether the own client port refuses over TLS with the files of this change, where it is these files that decide: the
 * bundle, of a leaf that is sent to it, and the leaf, of those who verify it. A port that only hangs proves nothing.
 */
export async function refusesClients({ body, command, holder, node }: Work): Promise<boolean> {
  const here = memberOn(node, command.cluster);
  const access = here ? await accessOf(here.agent) : undefined;
  if (holder.kind !== 'member' || !access?.ok) return false;
  const seen = await dial({ url: holder.endpoint, ...access.value, timeoutMs });
  return (
    (body.slots['client-bundle'] !== undefined && refusesUs(seen)) ||
    (body.slots['server-leaf'] !== undefined && isBadServer(seen))
  );
}

/**
 * Whether the member is no peer of anybody, by the files of this change: its own port refuses the leaves of its own CA, or
 * no other one that answers and it accept each other. As long as one does, the fault may be that of the others.
 */
export async function isNobodysPeer({ body, holder }: Work): Promise<boolean> {
  const { 'peer-bundle': bundle, 'peer-leaf': leaf } = body.slots;
  if (holder.kind !== 'member' || (!bundle && !leaf)) return false;
  const dials = await dialPeers(holder, [
    holder.peerEndpoint,
    ...withoutSelf(body.members, holder).map(({ peerUrl }) => peerUrl),
  ]);
  const [own, ...others] = dials;
  if (own && bundle && refusesUs(own)) return true;
  const answered = others.filter(saysSomething);
  const isOurs = (seen: Dialled) =>
    (leaf !== undefined && refusesUs(seen)) || (bundle !== undefined && seen.type === 'untrusted');
  return answered.length > 0 && answered.every(isOurs);
}

async function dialPeers(member: MemberHolder, urls: readonly string[]): Promise<Dialled[]> {
  const access = await peerAccessOf(member);
  if (!access.ok) return [];
  const { pair, bundle: ca, localAddress } = access.value;
  const from = localAddress ? { localAddress } : {};
  return Promise.all(urls.map((url) => dial({ url, ca, ...pair, ...from, timeoutMs })));
}

/** For its dates, a leaf is refused whatever the bundle holds. */
function refusesUs(seen: Dialled): boolean {
  return seen.type === 'refused' && !seen.becauseOfDates;
}

function saysSomething({ type }: Dialled): boolean {
  return type === 'accepted' || type === 'refused' || type === 'untrusted' || type === 'server-broken';
}

function isBadServer({ type }: Dialled): boolean {
  return type === 'untrusted' || type === 'server-broken';
}
