import type { KeyValues } from '@etcd-rotate/bus';
import { type Failure, fail, ok, type Result } from '@etcd-rotate/protocol';
import type { CaFiles } from '@etcd-rotate/signer';

const prefix = 'ca.';

interface LeaderOf {
  /** The folder that some of them may have been brought from: what is replaced in JetStream must not stay there. */
  local: CaFiles;
  /** Asked before each attempt: who leads by now may need what is there. */
  holds(): boolean;
}

/**
 * The files of CA keys beside the journal in JetStream, sealed as they are in a folder.
 *
 * @param leader where one may be replaced
 */
export function sharedCas(shared: KeyValues, leader?: LeaderOf): CaFiles {
  const keyOf = (name: string): string => `${prefix}${name.replace(/\.json$/, '')}`;
  return {
    where: 'JetStream',
    path: (name) => `${keyOf(name)} in JetStream`,
    async names() {
      const keys = await shared.keys();
      if (!keys.ok) return keys;
      return ok(
        keys.value.flatMap((key) => (key.startsWith(prefix) ? [`${key.slice(prefix.length)}.json`] : [])),
      );
    },
    async read(name) {
      const found = await shared.get(keyOf(name));
      return found.ok ? ok(found.value.value) : found;
    },
    async writeNew(name, text) {
      let failure: Failure | undefined;
      for (let attempt = 0; attempt < attempts; attempt += 1) {
        const put = await shared.put(keyOf(name), text, 0);
        if (put.type === 'written') return ok(undefined);
        if (put.type === 'passed') {
          const there = await shared.get(keyOf(name));
          // An earlier attempt without an answer may have got there.
          if (there.ok && there.value.value === text) return ok(undefined);
          if (there.ok)
            return fail('exists', `${keyOf(name)} is in JetStream already`, 'choose another name');
          failure = there.failure;
        } else failure = put.failure;
      }
      return {
        ok: false,
        failure:
          failure ?? fail('nats-away', 'JetStream does not answer', 'look at nats-server', true).failure,
      };
    },
    async replace(name, text) {
      if (!leader?.holds()) return notLeading(keyOf(name));
      // First, since what JetStream says is what is taken for done by whoever leads next.
      const brought = await leader.local.read(name);
      if (!brought.ok) return brought;
      const replaced = brought.value === undefined ? ok(undefined) : await leader.local.replace(name, text);
      if (!replaced.ok) return replaced;
      return replaceShared(shared, { key: keyOf(name), text, holds: leader.holds });
    },
  };
}

const attempts = 5;

/** The bucket keeps one value of a key: what was there is dropped when the other one is put. */
async function replaceShared(
  shared: KeyValues,
  { key, text, holds }: { key: string; text: string; holds: () => boolean },
): Promise<Result<undefined>> {
  let failure = fail(
    'nats-away',
    `${key} in JetStream was not replaced`,
    'look at nats-server',
    true,
  ).failure;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const there = await shared.get(key);
    if (there.ok && there.value.value === text) return ok(undefined);
    if (!there.ok) {
      failure = there.failure;
      continue;
    }
    if (!holds()) return notLeading(key);
    const put = await shared.put(key, text, there.value.revision);
    if (put.type === 'written') return ok(undefined);
    // Whether it got there is seen in what is there now.
    if (put.type === 'unknown') failure = put.failure;
  }
  return { ok: false, failure };
}

function notLeading(key: string): ReturnType<typeof fail> {
  return fail('not-leading', `${key} is replaced by who leads, and by nobody else`, 'ask again', true);
}

/**
 * CAs of the state folder that JetStream does not have: those of a coordinator that led alone before. They can be
 * brought there if the folder of keys there was begun with this one.
 */
export async function casToBring(
  local: CaFiles,
  shared: CaFiles,
): Promise<Result<{ name: string; text: string }[]>> {
  const names = await local.names();
  if (!names.ok) return names;
  const there = await shared.names();
  if (!there.ok) return there;
  const lacking = names.value.filter((name) => name.endsWith('.json') && !there.value.includes(name));
  const folder = await shared.read(folderFile);
  if (!folder.ok) return folder;
  const own = await local.read(folderFile);
  if (!own.ok) return own;
  if (lacking.length === 0 || own.value === undefined) return ok([]);
  if (folder.value !== undefined && folder.value !== own.value) {
    return fail(
      'standby-differs',
      `${local.where} holds ${lacking.join(', ')}, sealed with another key than the CA keys in JetStream`,
      'move these files away; take CAs over with `etcd-rotate-coordinator adopt-ca`',
    );
  }
  const files: { name: string; text: string }[] = [];
  // What opens the others goes first.
  for (const name of lacking.sort((a, b) => Number(b === folderFile) - Number(a === folderFile))) {
    const text = await local.read(name);
    if (!text.ok) return text;
    files.push({ name, text: text.value ?? '' });
  }
  return ok(files);
}

export const folderFile = 'kdf.json';
