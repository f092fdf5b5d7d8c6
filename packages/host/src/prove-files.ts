import { lstat } from 'node:fs/promises';
import { type CommandBody, type Fingerprint, type Proof, slots as slotKinds } from '@etcd-rotate/protocol';
import { isMissing } from './durable.ts';
import { certificateFile, type Holder } from './holders.ts';
import { holdersIn, type Node } from './node.ts';
import { readSlot } from './slot-files.ts';

type Files = Extract<CommandBody, { type: 'prove' }>['files'];

/**
 * Every slot on this node holds what the rotation left there, or what a step under way puts there. One sentence where all
 * do; where not, each slot that differs is named, by holder and slot: a path stays on its node.
 */
export async function proveFiles(
  files: Files,
  { node, cluster }: { node: Node; cluster: string },
): Promise<Proof[]> {
  const holders = holdersIn(node, cluster);
  const looks = await Promise.all(files.map((one) => lookAtSlot(one, holders)));
  const others = looks.flatMap((look) => look ?? []);
  if (files.length === 0 || others.length > 0) return others;
  const detail = `${files.length} slots hold what the rotation left there`;
  return [{ what: 'files-as-left', where: node.name, verdict: 'proven', detail }];
}

/** @returns nothing where it is as it was left */
async function lookAtSlot(
  { holder, slot, fingerprints }: Files[number],
  holders: readonly Holder[],
): Promise<Proof | undefined> {
  const say = (verdict: Proof['verdict'], detail: string): Proof => ({
    what: 'files-as-left',
    where: `${slot} of ${holder}`,
    verdict,
    detail,
  });
  const slotFiles = holders.find((one) => one.holder === holder)?.slots[slot];
  if (!slotFiles) return say('not-provable', 'the agent file of its node does not name it');
  const read = await readSlot(slotFiles);
  if (!read.ok) {
    if (!(await isThere(certificateFile(slotFiles)))) return say('disproven', 'its file is gone');
    // What cannot be parsed is no less something else than what can; what cannot be read is not known.
    return read.failure.code === 'bad-file'
      ? say('not-provable', 'its file cannot be read')
      : say('disproven', 'its file holds something that is no chain or bundle of certificates');
  }
  const seen = read.value.map(({ facts }) => facts.fingerprint);
  // Of a leaf, itself: what travels behind it may have been left out of the plan.
  const isLeaf = slotKinds[slot].holds === 'leaf';
  const said = (one: readonly Fingerprint[]) => (isLeaf ? one.slice(0, 1) : one).join();
  if (fingerprints.some((one) => said(one) === said(seen))) return undefined;
  const lies = (isLeaf ? read.value.slice(0, 1) : read.value).map(
    ({ facts }) => `${facts.subject} (${facts.fingerprint.slice(0, 8)})`,
  );
  return say('disproven', `somebody else changed it: ${lies.join(', ') || 'nothing'} lies there`);
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    (error: unknown) => !isMissing(error),
  );
}
