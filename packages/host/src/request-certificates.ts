import { canaryCsr, makeCanaryKey } from '@etcd-rotate/etcd';
import {
  canonicalIp,
  makeCsr,
  provePossession,
  readCertificates,
  subjectOf,
  withCommonName,
} from '@etcd-rotate/pki';
import {
  type Command,
  type CommandBody,
  type Domain,
  fail,
  type LeafChange,
  type Names,
  ok,
  type Result,
  type ResultValue,
  type Slot,
} from '@etcd-rotate/protocol';
import { allowedHostOf } from './allowed-host.ts';
import type { Holder } from './holders.ts';
import type { Node } from './node.ts';
import { keySlotOf } from './shared-files.ts';
import { readPair } from './slot-files.ts';
import { stepKey } from './work.ts';

type Request = Extract<CommandBody, { type: 'request' }>;
interface On {
  node: Node;
  holder: Holder;
}

/** Makes keys on the node and asks for certificates: for leaves as they are now, and for canaries. */
export async function requestCertificates(
  command: Command,
  body: Request,
  on: On,
): Promise<Result<ResultValue>> {
  const leaves: { slot: Slot; csr: string; proof: string }[] = [];
  for (const wanted of body.leaves) {
    const csr = await leafCsr(command, wanted, on);
    if (!csr.ok) return csr;
    leaves.push({ slot: wanted.slot, ...csr.value });
  }
  const canaries: { domain: Domain; csr: string; proof: string }[] = [];
  for (const domain of body.canaries) {
    const key = await makeCanaryKey();
    const ofClients = on.holder.kind === 'member' ? 'server-leaf' : 'client-leaf';
    const present = await presentLeaf(domain === 'peer' ? 'peer-leaf' : ofClients, on);
    if (!present.ok) return present;
    const host = on.holder.kind === 'member' ? await allowedHostOf(on.holder) : undefined;
    const csr = canaryCsr({ domain, key, host, ...(domain === 'peer' ? { like: present.value.cert } : {}) });
    if (!csr.ok) return csr;
    on.node.canaries.keep(stepKey(command), domain, key);
    canaries.push({ domain, csr: csr.value, proof: provePossession(csr.value, present.value.key) });
  }
  return ok({ type: 'requested', leaves, canaries });
}

/**
 * Subject and names of the leaf that is there, but for what the fleet file wants otherwise; a new key of the kind asked
 * for. Where one pair is both leaves of a member, one key is made for it.
 */
async function leafCsr(
  { rotation, direction }: Command,
  { slot, kind, change }: Request['leaves'][number],
  { node, holder }: On,
): Promise<Result<{ csr: string; proof: string }>> {
  const present = await presentLeaf(slot, { node, holder });
  if (!present.ok) return present;
  const chain = readCertificates(present.value.cert);
  if (!chain.ok) return chain;
  const [leaf] = chain.value;
  if (!leaf) return fail('bad-certificate', `${slot} holds no certificate`, 'put the leaf back');
  const folder = node.state.rotationFolder(rotation, direction);
  const keyFor = { folder, holder: holder.holder, slot: keySlotOf(holder, slot) };
  const key = await node.keys.forSlot(keyFor, kind);
  const { commonName } = change;
  const before = subjectOf(leaf);
  const subject = commonName === undefined ? before : withCommonName(before, commonName);
  const csr = makeCsr({ key, subject, names: changed(leaf.facts.names, change) });
  return ok({ csr, proof: provePossession(csr, present.value.key) });
}

async function presentLeaf(slot: Slot, { node, holder }: On): ReturnType<typeof readPair> {
  const files = holder.slots[slot];
  if (files && 'cert' in files) return readPair(files);
  return fail('unknown-holder', `${holder.holder} has no ${slot} on ${node.name}`, 'correct the agent file');
}

/** What is dropped is dropped, also where it is added as well. */
function changed({ dns, ip }: Names, { addNames, dropNames }: LeafChange): Names {
  return {
    dns: without([...dns, ...addNames.dns], dropNames.dns, (name) => name.toLowerCase()),
    ip: without([...ip, ...addNames.ip], dropNames.ip, (address) => canonicalIp(address) ?? address),
  };
}

/** Each once, as it was written first. */
function without(names: string[], dropped: string[], canonical: (name: string) => string): string[] {
  const seen = new Set(dropped.map(canonical));
  return names.filter((name) => {
    const known = seen.has(canonical(name));
    seen.add(canonical(name));
    return !known;
  });
}
