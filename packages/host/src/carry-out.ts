import {
  type Command,
  type CommandBody,
  fail,
  type KeyKind,
  ok,
  type Result,
  type ResultValue,
} from '@etcd-rotate/protocol';
import { adopt } from './adopt.ts';
import { change } from './change.ts';
import { madeBy } from './check-intact.ts';
import { copySlots } from './copies.ts';
import { foldersOf, holderOf, holdersIn, type Node } from './node.ts';
import type { Outcome } from './node-state.ts';
import { observeNode } from './observe-node.ts';
import { proveMember } from './prove-member.ts';
import { requestCertificates } from './request-certificates.ts';
import { keySlotOf } from './shared-files.ts';
import { snapshotMember } from './snapshot-member.ts';

export type { Outcome };

/**
 * Carries out a command on this node. A command that comes again gets the result it had, or is gone on with: each looks
 * before it acts, so that doing it twice is doing it once. What only looks is not recorded.
 *
 * @param contents digest of what the command says
 */
export async function carryOut(command: Command, contents: string, node: Node): Promise<Outcome> {
  const { body } = command;
  if (isNotRecorded(body)) return obey(command, node);
  const { state } = node;
  const record = state.record(command.id);
  if (record?.outcome) return record.outcome;
  const recorded = await begin(command, contents, node);
  if (!recorded.ok) return { ...recorded, decision: await decisionOnDisk(command, node) };
  return conclude(command, await obey(command, node), node);
}

/** What only looks, and what is on disk by itself when it is done. */
function isNotRecorded({ type }: CommandBody): boolean {
  return type === 'observe' || type === 'lead' || type === 'trust-key' || type === 'prove';
}

/**
 * Writes down how a command ended. What would come out differently the next time is not kept, but to be done again: of
 * what touched nothing, only that it was told.
 *
 * @returns what may be answered: where it cannot be written down, that, and no decision that would not last
 */
export async function conclude(command: Command, outcome: Outcome, node: Node): Promise<Outcome> {
  try {
    await writeDown(command, outcome, node);
    return outcome;
  } catch (error) {
    const came = outcome.ok ? 'it was done' : outcome.failure.message;
    const message = `${node.state.folder} cannot be written: ${String(error)}; of ${command.id}: ${came}`;
    return {
      ...fail('bad-file', message, 'check the disk', true),
      decision: await decisionOnDisk(command, node),
    };
  }
}

async function writeDown({ id }: Command, outcome: Outcome, { state }: Node): Promise<void> {
  const { command, ...record } = state.record(id) ?? { contents: '' };
  // Once the agent file names its holder again, it is gone on with.
  if (!outcome.ok && outcome.failure.code === 'unknown-holder') return;
  if (outcome.ok || outcome.decision !== 'untouched') {
    await state.write(id, { ...record, outcome });
  } else if (command && outcome.decision === 'untouched') {
    // Where that cannot be written, nothing lies there that a start would go on with.
    await state.write(id, { contents: record.contents }).catch(() => undefined);
  }
}

async function begin(command: Command, contents: string, { state }: Node): Promise<Result<void>> {
  if (state.fault) return { ok: false, failure: state.fault };
  // Of what alters files or processes, all that it takes to go on with it after a start, when nobody is there to ask.
  const goesOn = command.body.type === 'change' ? { command } : {};
  try {
    await state.write(command.id, { ...state.record(command.id), contents, ...goesOn });
    return ok(undefined);
  } catch (error) {
    return fail('bad-file', `${state.folder} cannot be written: ${String(error)}`, 'check the disk', true);
  }
}

/** Without an outcome, what lies in the folders tells whether this command has changed anything. */
async function decisionOnDisk(command: Command, node: Node): Promise<'kept' | 'untouched'> {
  return (await liesThere(command, node)) ? 'kept' : 'untouched';
}

/** Whether files of a command are current in a folder, also in one that the agent file names no more. */
export async function liesThere({ id, cluster, holder }: Command, node: Node): Promise<boolean> {
  const known = holderOf(node, cluster, holder);
  const noted = Object.keys(node.state.record(id)?.before ?? {});
  const paths = new Set([...(known ? foldersOf(node, known).map(({ path }) => path) : []), ...noted]);
  const makers = await Promise.all([...paths].map((path) => madeBy({ path })));
  return makers.includes(id);
}

/** Does what a command says, looking before it acts. What has to be remembered of it is for the caller. */
export async function obey(command: Command, node: Node): Promise<Outcome> {
  const { body, cluster, holder: id } = command;
  if (body.type === 'observe') {
    return answer(ok({ type: 'observed', observation: await observeNode(node, cluster, body.keptOf) }));
  }
  // Whoever handed it on has stored its epoch.
  if (body.type === 'lead') return answer(ok({ type: 'led' }));
  if (body.type === 'trust-key') {
    const replaced = await node.state.coordinatorKey.replace(body.publicKey);
    return answer(replaced.ok ? ok({ type: 'key-trusted', publicKey: body.publicKey }) : replaced);
  }
  const holder = holderOf(node, cluster, id);
  if (!holder) {
    const message = `the agent file of ${node.name} does not name ${id} of cluster ${cluster}`;
    const unknown = fail('unknown-holder', message, 'correct the agent file or the fleet file');
    return { ...unknown, decision: await decisionOnDisk(command, node) };
  }
  switch (body.type) {
    case 'prepare': {
      const prepared = await prepare(command, node);
      if (prepared.ok) node.keys.begin(kindsIn(body.keys, { node, cluster }));
      return answer(prepared);
    }
    case 'snapshot':
      return answer(await snapshotMember(command, node));
    case 'request':
      return answer(await requestCertificates(command, body, { node, holder }));
    case 'change':
      return change({ command, body, node, holder });
    case 'prove':
      return answer(await proveMember(command, body, node));
  }
}

/**
 * Copies what is there, then makes the folders ready: links to identical bytes. The rotation has changed nothing so far,
 * so that what others wrote since the last one is what was planned with.
 */
async function prepare({ cluster, rotation, direction }: Command, node: Node): Promise<Result<ResultValue>> {
  const holders = holdersIn(node, cluster);
  const copies = await copySlots(holders, node.state.rotationFolder(rotation, direction));
  if (!copies.ok) return copies;
  const folders = new Map(holders.flatMap((holder) => foldersOf(node, holder)).map((one) => [one.path, one]));
  const adopted = await Promise.all([...folders.values()].map((folder) => adopt(folder, 'taken')));
  const failed = adopted.find((one) => !one.ok);
  if (failed && !failed.ok) return failed;
  return ok({ type: 'prepared', copies: copies.value });
}

type Keys = Extract<CommandBody, { type: 'prepare' }>['keys'];

/** One for each key: where one pair is both leaves of a member, that is one. */
function kindsIn(keys: Keys, { node, cluster }: { node: Node; cluster: string }): KeyKind[] {
  const kinds = new Map<string, KeyKind>();
  for (const { holder, slot, kind } of keys) {
    const known = holderOf(node, cluster, holder);
    const name = `${holder} ${known ? keySlotOf(known, slot) : slot}`;
    kinds.set(name, kinds.get(name) ?? kind);
  }
  return [...kinds.values()];
}

function answer(result: Result<ResultValue>): Outcome {
  return result.ok ? result : { ...result, decision: 'untouched' };
}
