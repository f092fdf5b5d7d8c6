import { dirname } from 'node:path';
import { keyMatches, readCertificates } from '@etcd-rotate/pki';
import { fail, type Fingerprint, ok, type Result, type Slot, type SlotContents } from '@etcd-rotate/protocol';
import type { Change, Work } from './change.ts';
import { adopt, type Folder, install, restore } from './generations.ts';
import { certificateFile, type SlotFiles } from './holders.ts';
import { readKey } from './keys.ts';
import { foldersOf } from './node.ts';
import { readSlot, writtenAt } from './slot-files.ts';

export interface Installed {
  /** On disk now, by slot. */
  fingerprints: Partial<Record<Slot, Fingerprint[]>>;
  /** When the last of them began to be seen. */
  writtenAt: Date;
}

/**
 * Installs a generation in each folder of the holder that changes: folders with bundles before folders with leaves, so
 * that in between more is trusted and not less. Which generation was there before is on disk first.
 */
export async function installSlots(work: Work): Promise<Result<Installed>> {
  const already = await isInstalled(work);
  if (already) return ok(already);
  const unchanged = await holdsWhatWasThere(work);
  if (!unchanged.ok) return unchanged;
  const { command, node, holder } = work;
  const folders = foldersOf(node, holder).sort((a, b) => Number(hasBundle(b, work)) - Number(hasBundle(a, work)));
  for (const folder of folders) {
    const contents = await contentsFor(folder, work);
    if (!contents.ok) return putBackAfter(work, contents);
    if (Object.keys(contents.value).length === 0) continue;
    const adopted = await adopt(folder);
    if (!adopted.ok) return putBackAfter(work, adopted);
    const installed = await install(folder, contents.value, {
      madeBy: command.id,
      // On disk before the switch: whoever finds the new files also finds what to go back to.
      beforeSwitch: async (previous) => {
        const record = node.state.record(command.id);
        if (record) {
          const before = { ...record.before, [folder.path]: previous };
          await node.state.write(command.id, { ...record, before });
        }
      },
    });
    if (!installed.ok) return putBackAfter(work, installed);
  }
  const installed = await isInstalled(work);
  if (installed) return ok(installed);
  return fail('install-failed', `${holder.holder}: what was written is not what lies there`, 'look at the disk');
}

/** What lies on disk, where that is what the command wants; nothing else. */
export async function isInstalled({ body, holder }: Work): Promise<Installed | undefined> {
  const fingerprints: Installed['fingerprints'] = {};
  let last = 0;
  for (const [slot, wanted] of wantedSlots(body)) {
    const files = holder.slots[slot];
    const onDisk = files ? await readSlot(files) : undefined;
    if (!files || !onDisk?.ok) return undefined;
    const seen = onDisk.value.map(({ facts }) => facts.fingerprint);
    if (seen.join() !== wanted.join()) return undefined;
    fingerprints[slot] = seen;
    last = Math.max(last, (await writtenAt(files)).getTime());
  }
  return { fingerprints, writtenAt: new Date(last) };
}

/** Puts back the generations that this command replaced. Doing it twice is doing it once. */
export async function restoreSlots({ command, node, holder }: Work): Promise<Result<void>> {
  const before = node.state.record(command.id)?.before ?? {};
  for (const folder of foldersOf(node, holder).reverse()) {
    const previous = before[folder.path];
    const restored = previous === undefined ? ok(undefined) : await restore(folder, previous);
    if (!restored.ok) return restored;
  }
  return ok(undefined);
}

/** A step whose files could not all be written leaves none of them. */
async function putBackAfter<T>(work: Work, failed: T): Promise<T> {
  await restoreSlots(work);
  return failed;
}

function wantedSlots(body: Change): [Slot, Fingerprint[]][] {
  return (Object.entries(body.slots) as [Slot, SlotContents][]).map(([slot, contents]) => {
    const certificates = readCertificates('chain' in contents ? contents.chain : contents.bundle);
    return [slot, certificates.ok ? certificates.value.map(({ facts }) => facts.fingerprint) : ['unreadable']];
  });
}

/** What lies there is what the coordinator planned with: anything else was put there by somebody else. */
async function holdsWhatWasThere({ body, holder, node }: Work): Promise<Result<void>> {
  for (const [slot, expected] of Object.entries(body.before) as [Slot, Fingerprint[]][]) {
    const files = holder.slots[slot];
    if (!files) return fail('unknown-holder', `${holder.holder} has no ${slot}`, 'correct the agent file');
    const onDisk = await readSlot(files);
    if (!onDisk.ok) return onDisk;
    const seen = onDisk.value.map(({ facts }) => facts.fingerprint);
    // Of a leaf, itself: what travels behind it may have been left out of the plan.
    const same = 'cert' in files ? seen[0] === expected[0] : seen.join() === expected.join();
    if (same) continue;
    return fail(
      'changed-by-others',
      `${certificateFile(files)} on ${node.name} is not what it was when the rotation was planned`,
      'find out who changed it; put it back and resume, or abandon the rotation and plan again',
    );
  }
  return ok(undefined);
}

function hasBundle(folder: Folder, { body, holder }: Work): boolean {
  return Object.entries(body.slots).some(([slot, contents]) => {
    const files = holder.slots[slot as Slot];
    return files && 'bundle' in contents && dirname(certificateFile(files)) === folder.path;
  });
}

/** The files of one folder that change, by name. A leaf brings its key along, in the same generation. */
async function contentsFor(folder: Folder, work: Work): Promise<Result<Record<string, string>>> {
  const contents: Record<string, string> = {};
  for (const [slot, wanted] of Object.entries(work.body.slots) as [Slot, SlotContents][]) {
    const files = work.holder.slots[slot];
    if (!files) return fail('unknown-holder', `${work.holder.holder} has no ${slot}`, 'correct the agent file');
    const parts = await partsOf(slot, files, { wanted, work });
    if (!parts.ok) return parts;
    for (const [path, text] of parts.value) {
      if (dirname(path) === folder.path) contents[path.slice(folder.path.length + 1)] = text;
    }
  }
  return ok(contents);
}

async function partsOf(
  slot: Slot,
  files: SlotFiles,
  { wanted, work }: { wanted: SlotContents; work: Work },
): Promise<Result<[string, string][]>> {
  const { command, holder, node } = work;
  const pem = 'chain' in wanted ? wanted.chain : wanted.bundle;
  // The strictest reader on the way in: etcd takes half a bundle without a word (facts: etcd, section 2).
  const certificates = readCertificates(pem);
  if (!certificates.ok) return certificates;
  if ('ca' in files) return ok([[files.ca, pem]]);
  const folder = node.state.rotationFolder(command.rotation);
  const key = await readKey({ folder, holder: holder.holder, slot });
  if (!key) {
    const message = `${holder.holder}: the key made for its ${slot} is not in ${folder} any more`;
    return fail('key-lost', message, '`rotate resume` makes a new one', true);
  }
  const [leaf] = certificates.value;
  if (!leaf || !keyMatches(leaf, key)) {
    const message = `${holder.holder}: the certificate sent for its ${slot} is not for the key made here`;
    return fail('key-mismatch', message, 'nothing was changed; `rotate resume` asks for another one', true);
  }
  return ok([
    [files.key, key.reveal()],
    [files.cert, pem],
  ]);
}
