import { createHash } from 'node:crypto';
import type { KeyValues } from '@etcd-rotate/bus';
import { type FleetFile, fail, ok, parse, type Result, SharedFiles } from '@etcd-rotate/protocol';
import type { IdentityFolder } from '../identity-folder.ts';

const key = 'files';

export type Digests = Pick<SharedFiles, 'identity' | 'fleet'>;

/** What two coordinators of a fleet must have been given alike, as read: how a file is laid out does not matter. */
export function digestsOf({ own, identities }: IdentityFolder, fleet: FleetFile): Digests {
  const known = [...identities.known].sort((a, b) =>
    `${a.kind} ${a.name}` < `${b.kind} ${b.name}` ? -1 : 1,
  );
  return {
    identity: digest({ fleet: own.fleet, publicKey: own.publicKey, nkey: own.nkey, known }),
    fleet: digest(fleet),
  };
}

/** Whether our files are those that were last said to be the right ones; nothing said yet is fine. */
export async function sameFiles(shared: KeyValues, own: Digests): Promise<Result<void>> {
  const there = await readFiles(shared);
  if (!there.ok) return there;
  const { files } = there.value;
  if (!files) return ok(undefined);
  const differ = (['identity', 'fleet'] as const).filter((what) => files[what] !== own[what]);
  if (differ.length === 0) return ok(undefined);
  const what = differ.map((one) => names[one]).join(' and ');
  return fail(
    'standby-differs',
    `${what} of this coordinator ${differ.length > 1 ? 'are' : 'is'} not as in revision ${files.revision}, which ${files.by} shared at ${files.at}`,
    'bring the files of that coordinator here and restart, or, if these are the right ones, run `etcd-rotate-coordinator share` here',
  );
}

const names = { identity: 'the identity folder', fleet: 'the fleet file' };

/**
 * Says that these files are the right ones.
 *
 * @param when `missing`: only where nothing was said before, as the first one who leads does
 */
export async function shareFiles(
  shared: KeyValues,
  own: Digests & Pick<SharedFiles, 'by' | 'at'>,
  when: 'missing' | 'always',
): Promise<Result<SharedFiles>> {
  const there = await readFiles(shared);
  if (!there.ok) return there;
  const { files, revision } = there.value;
  if (files && when === 'missing') return ok(files);
  const next: SharedFiles = { v: 1, revision: (files?.revision ?? 0) + 1, ...own };
  const put = await shared.put(key, JSON.stringify(next), revision);
  switch (put.type) {
    case 'written':
      return ok(next);
    case 'passed':
      return fail(
        'standby-differs',
        'another coordinator shared its files at the same time',
        'try again',
        true,
      );
    case 'unknown':
      return { ok: false, failure: put.failure };
  }
}

async function readFiles(
  shared: KeyValues,
): Promise<Result<{ files: SharedFiles | undefined; revision: number }>> {
  const found = await shared.get(key);
  if (!found.ok) return found;
  const { value, revision } = found.value;
  if (value === undefined) return ok({ files: undefined, revision });
  const files = parse(SharedFiles, JSON.parse(value), 'files in JetStream', 'bad-message');
  return files.ok ? ok({ files: files.value, revision }) : files;
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
