import { basename, dirname } from 'node:path';
import { type Certificate, keyMatches } from '@etcd-rotate/pki';
import {
  type Fingerprint,
  fail,
  type HolderId,
  ok,
  type Result,
  type Slot,
  type SlotContents,
} from '@etcd-rotate/protocol';
import { adopt } from './adopt.ts';
import { oldPair } from './copies.ts';
import { type Folder, install, type Replacement } from './generations.ts';
import { certificateFile, pathsOf, type SlotFiles } from './holders.ts';
import { readKey } from './keys.ts';
import type { Since } from './moment.ts';
import { foldersOf } from './node.ts';
import { parsedPem } from './parsed-pem.ts';
import { restore } from './restore.ts';
import { settleFolder, sinceOf } from './seen-since.ts';
import { keySlotOf } from './shared-files.ts';
import { type Pair, readPair, readSlot } from './slot-files.ts';
import type { Change, Work } from './work.ts';

export interface Installed {
  /** On disk now, by slot. */
  fingerprints: Partial<Record<Slot, Fingerprint[]>>;
  /** When each of the files began to be seen. */
  since: Since[];
}

/**
 * Installs a generation in each folder of the holder that changes: bundles before leaves, so that in between more is
 * trusted and not less, and keys right before certificates. Which generation was there before is on disk first.
 *
 * @param ran whether the holder runs
 */
export async function installSlots(work: Work, ran: boolean): Promise<Result<Installed>> {
  const { command, node, holder } = work;
  const folders = foldersOf(node, holder);
  for (const folder of folders) await settleFolder(folder);
  const already = await isInstalled(work);
  if (already) return ok(already);
  const unchanged = await holdsWhatWasThere(work);
  if (!unchanged.ok) return unchanged;
  const contents = await contentsOf(work);
  if (!contents.ok) return contents;
  const replacements: Replacement[] = folders
    .filter(({ path }) => contents.value.has(path))
    .map((folder) => ({ folder, contents: contents.value.get(folder.path) ?? {} }))
    .sort((a, b) => rankOf(a.folder, work) - rankOf(b.folder, work));
  for (const { folder } of replacements) {
    const adopted = await adopt(folder);
    if (!adopted.ok) return adopted;
  }
  const done = await install(replacements, {
    madeBy: command.id,
    // On disk before the switch: whoever finds the new files also finds what to go back to.
    beforeSwitch: async (previous) => {
      const record = node.state.record(command.id) ?? { contents: '' };
      const before = { ...previous, ...record.before };
      await node.state.write(command.id, { ran, ...record, before });
    },
  });
  const installed = done.ok ? await isInstalled(work) : undefined;
  if (installed) return ok(installed);
  if (!done.ok) return done;
  return fail(
    'install-failed',
    `${holder.holder}: what was written is not what lies there`,
    'look at the disk',
  );
}

/**
 * What lies on disk, where that is what the command wants: with the keys that belong to it, and nothing else. Of a leaf
 * from before the rotation, the leaf itself: what it was sent with then is in its copy.
 */
export async function isInstalled({ body, holder }: Work): Promise<Installed | undefined> {
  const fingerprints: Installed['fingerprints'] = {};
  const since: Since[] = [];
  for (const [slot, wanted] of wantedSlots(body)) {
    const files = holder.slots[slot];
    const onDisk = files ? await fingerprintsIn(files) : undefined;
    if (!files || !onDisk?.ok || !isWanted(onDisk.value, wanted)) return undefined;
    if ('cert' in files && !(await readPair(files)).ok) return undefined;
    fingerprints[slot] = onDisk.value;
    for (const path of pathsOf(files)) since.push(await sinceOf(path));
  }
  return { fingerprints, since };
}

/** Since when the files of a command's slots are seen as they are, whatever they hold. */
export async function sinceOfSlots({ body, holder }: Work): Promise<Since[]> {
  const paths = wantedSlots(body).flatMap(([slot]) => pathsIn(holder.slots[slot]));
  return Promise.all(paths.map((path) => sinceOf(path)));
}

/**
 * Puts back the files that this command replaced. Doing it twice is doing it once.
 *
 * @param unread no process has read what is taken back
 * @returns whether there was anything to put back
 */
export async function restoreSlots(
  { body, command, node, holder }: Work,
  { unread }: { unread: boolean },
): Promise<Result<boolean>> {
  const before = node.state.record(command.id)?.before ?? {};
  const paths = wantedSlots(body).flatMap(([slot]) => pathsIn(holder.slots[slot]));
  // The other way round: what was last is taken back first.
  const folders = foldersOf(node, holder).sort(
    (a, b) => rankOf(b, { body, holder }) - rankOf(a, { body, holder }),
  );
  for (const { path } of folders) {
    const number = before[path];
    if (number === undefined) continue;
    const names = paths.filter((one) => dirname(one) === path).map((one) => basename(one));
    const restored = await restore(path, { number, names, unread });
    if (!restored.ok) return restored;
  }
  return ok(Object.keys(before).length > 0);
}

interface Wanted {
  fingerprints: Fingerprint[];
  isKept: boolean;
}

function wantedSlots(body: Change): [Slot, Wanted][] {
  return contentsIn(body).map(([slot, contents]) => {
    const certificates = parsedPem(pemOf(contents));
    const fingerprints = certificates.ok
      ? certificates.value.map(({ facts }) => facts.fingerprint)
      : ['unreadable'];
    return [slot, { fingerprints, isKept: isKept(contents) }];
  });
}

function isWanted(seen: readonly Fingerprint[], { fingerprints, isKept }: Wanted): boolean {
  return isKept ? seen[0] === fingerprints[0] : seen.join() === fingerprints.join();
}

function isKept(contents: SlotContents): boolean {
  return 'chain' in contents && contents.key === 'kept';
}

/**
 * What lies there is what the coordinator planned with, or what it wants already: of one file that several holders read,
 * and after a crash between two folders. Anything else was put there by somebody else.
 */
async function holdsWhatWasThere({ body, holder, node }: Work): Promise<Result<void>> {
  const wanted = new Map(wantedSlots(body));
  for (const [slot, expected] of Object.entries(body.before) as [Slot, Fingerprint[]][]) {
    const files = holder.slots[slot];
    if (!files) return fail('unknown-holder', `${holder.holder} has no ${slot}`, 'correct the agent file');
    const onDisk = await fingerprintsIn(files);
    if (!onDisk.ok) return onDisk;
    const seen = onDisk.value;
    // Of a leaf, itself: what travels behind it may have been left out of the plan.
    const same = 'cert' in files ? seen[0] === expected[0] : seen.join() === expected.join();
    const now = wanted.get(slot);
    if (same || (now && isWanted(seen, now))) continue;
    return fail(
      'changed-by-others',
      `${certificateFile(files)} on ${node.name} is not what it was when the rotation was planned`,
      'find out who changed it; put it back and resume, or abandon the rotation and plan again',
    );
  }
  return ok(undefined);
}

/** Folders with bundles, then those with keys, then those with certificates. */
function rankOf({ path }: Folder, { body, holder }: Pick<Work, 'body' | 'holder'>): number {
  const files = contentsIn(body).flatMap(([slot]) => holder.slots[slot] ?? []);
  if (files.some((one) => 'ca' in one && dirname(one.ca) === path)) return 0;
  return files.some((one) => 'key' in one && dirname(one.key) === path) ? 1 : 2;
}

/** What changes, by folder and name: all of it is checked before any of it is written. */
async function contentsOf(work: Work): Promise<Result<Map<string, Record<string, string>>>> {
  const together = changesTogether(work);
  if (!together.ok) return together;
  const contents = new Map<string, Record<string, string>>();
  for (const [slot, wanted] of contentsIn(work.body)) {
    const parts = await partsOf(slot, wanted, work);
    if (!parts.ok) return parts;
    for (const [path, text] of parts.value) {
      contents.set(dirname(path), { ...contents.get(dirname(path)), [basename(path)]: text });
    }
  }
  return ok(contents);
}

/** A file of two slots of this holder is changed for both of them, to one and the same. */
function changesTogether({ body, holder }: Work): Result<void> {
  const wanted = new Map(contentsIn(body));
  const all = Object.entries(holder.slots) as [Slot, SlotFiles][];
  for (const [slot, contents] of wanted) {
    const paths = pathsIn(holder.slots[slot]);
    for (const [other, files] of all) {
      const shared = pathsOf(files).find((path) => paths.includes(path));
      const theirs = wanted.get(other);
      if (shared === undefined || (theirs && isSame(theirs, contents))) continue;
      return fail(
        'shared-file',
        `${holder.holder}: ${shared} is its ${slot} and its ${other}, and the command has ${theirs ? 'different contents for them' : `nothing for the ${other}`}`,
        'nothing was changed; look at the whole cluster again, then plan anew',
      );
    }
  }
  return ok(undefined);
}

/** A leaf brings its key along, in the same generation. */
async function partsOf(
  slot: Slot,
  wanted: SlotContents,
  { command, holder, node }: Work,
): Promise<Result<[string, string][]>> {
  const files = holder.slots[slot];
  if (!files) return fail('unknown-holder', `${holder.holder} has no ${slot}`, 'correct the agent file');
  const pem = pemOf(wanted);
  // The strictest reader on the way in: etcd takes half a bundle without a word (facts: etcd, section 2).
  const certificates = parsedPem(pem);
  if (!certificates.ok) return certificates;
  if ('ca' in files) return ok([[files.ca, pem]]);
  const [leaf] = certificates.value;
  if (isKept(wanted)) {
    const folder = node.state.rotationFolder(command.rotation, 'forward');
    const kept = await keptPair({ folder, holder: holder.holder, slot }, leaf);
    if (!kept.ok) return kept;
    // Byte for byte the files of then.
    return ok([
      [files.key, kept.value.key.reveal()],
      [files.cert, kept.value.cert],
    ]);
  }
  const folder = node.state.rotationFolder(command.rotation, command.direction);
  const key = await readKey({ folder, holder: holder.holder, slot: keySlotOf(holder, slot) });
  if (!key) {
    const message = `${holder.holder}: the key made for its ${slot} is not in ${folder} any more`;
    return fail('key-lost', message, '`rotate resume` makes a new one', true);
  }
  if (!leaf || !keyMatches(leaf, key)) {
    const message = `${holder.holder}: the certificate sent for its ${slot} is not for the key made here`;
    return fail('key-mismatch', message, 'nothing was changed; `rotate resume` asks for another one', true);
  }
  return ok([
    [files.key, key.reveal()],
    [files.cert, pem],
  ]);
}

/** Certificate and key of a slot as they were before the rotation, checked to be what is asked for. */
async function keptPair(
  { folder, holder, slot }: { folder: string; holder: HolderId; slot: Slot },
  leaf: Certificate | undefined,
): Promise<Result<Pair>> {
  const pair = await oldPair(folder, holder, slot);
  if (!pair) {
    const message = `${holder}: the copies of its ${slot} from before the rotation are not in ${folder} any more`;
    return fail('copies-lost', message, copyHint);
  }
  const chain = parsedPem(pair.cert);
  const copied = chain.ok ? chain.value[0] : undefined;
  const isIt = leaf !== undefined && copied?.facts.fingerprint === leaf.facts.fingerprint;
  if (isIt && keyMatches(leaf, pair.key)) return ok(pair);
  const what = isIt ? 'the key does not belong to the certificate' : 'they are of another certificate';
  return fail(
    'key-mismatch',
    `${holder}: the copies of its ${slot} in ${folder} are no good: ${what}`,
    copyHint,
  );
}

const copyHint =
  'nothing was changed; put those copies back from a backup of this folder and resume, or abandon the rotation and plan again';

async function fingerprintsIn(files: SlotFiles): Promise<Result<Fingerprint[]>> {
  const read = await readSlot(files);
  return read.ok ? ok(read.value.map(({ facts }) => facts.fingerprint)) : read;
}

function contentsIn(body: Change): [Slot, SlotContents][] {
  return Object.entries(body.slots) as [Slot, SlotContents][];
}

function isSame(a: SlotContents, b: SlotContents): boolean {
  return pemOf(a) === pemOf(b) && isKept(a) === isKept(b);
}

function pathsIn(files: SlotFiles | undefined): string[] {
  return files ? pathsOf(files) : [];
}

function pemOf(contents: SlotContents): string {
  return 'chain' in contents ? contents.chain : contents.bundle;
}
