import { canaryCsr, makeCanaryKey } from '@etcd-rotate/etcd';
import { makeCsr, subjectOf } from '@etcd-rotate/pki';
import {
  type Command,
  type CommandBody,
  type Domain,
  fail,
  type Names,
  ok,
  type Result,
  type ResultValue,
  type Slot,
} from '@etcd-rotate/protocol';
import type { Holder } from './holders.ts';
import type { Node } from './node.ts';
import { readSlot, readText } from './slot-files.ts';
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
  const leaves: { slot: Slot; csr: string }[] = [];
  for (const wanted of body.leaves) {
    const csr = await leafCsr(command, wanted, on);
    if (!csr.ok) return csr;
    leaves.push({ slot: wanted.slot, csr: csr.value });
  }
  const canaries: { domain: Domain; csr: string }[] = [];
  for (const domain of body.canaries) {
    const key = await makeCanaryKey();
    const files = on.holder.slots['peer-leaf'];
    const memberLeaf = domain === 'peer' && files && 'cert' in files ? await readText(files.cert) : undefined;
    if (memberLeaf && !memberLeaf.ok) return memberLeaf;
    const csr = canaryCsr({ domain, key, ...(memberLeaf ? { memberLeaf: memberLeaf.value } : {}) });
    if (!csr.ok) return csr;
    on.node.canaries.keep(stepKey(command), domain, key);
    canaries.push({ domain, csr: csr.value });
  }
  return ok({ type: 'requested', leaves, canaries });
}

/** Subject and names of the leaf that is there, and what the fleet file adds; a new key of the kind asked for. */
async function leafCsr(
  { rotation }: Command,
  { slot, kind, addNames }: Request['leaves'][number],
  { node, holder }: On,
): Promise<Result<string>> {
  const files = holder.slots[slot];
  if (!files || !('cert' in files)) {
    return fail(
      'unknown-holder',
      `${holder.holder} has no ${slot} on ${node.name}`,
      'correct the agent file',
    );
  }
  const chain = await readSlot(files);
  if (!chain.ok) return chain;
  const [leaf] = chain.value;
  if (!leaf) return fail('bad-certificate', `${files.cert} holds no certificate`, 'put the leaf back');
  const folder = node.state.rotationFolder(rotation);
  const key = await node.keys.forSlot({ folder, holder: holder.holder, slot }, kind);
  return ok(makeCsr({ key, subject: subjectOf(leaf), names: together(leaf.facts.names, addNames) }));
}

function together(a: Names, b: Names): Names {
  return { dns: [...new Set([...a.dns, ...b.dns])], ip: [...new Set([...a.ip, ...b.ip])] };
}
