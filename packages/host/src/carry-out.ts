import {
  type Command,
  type CommandBody,
  fail,
  type KeyKind,
  ok,
  type Result,
  type ResultValue,
} from '@etcd-rotate/protocol';
import { change } from './change.ts';
import { copySlots } from './copies.ts';
import { adopt, madeBy } from './generations.ts';
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
  if (body.type === 'observe' || body.type === 'prove') return obey(command, node);
  const { state } = node;
  const record = state.record(command.id);
  if (record?.outcome) return record.outcome;
  const recorded = await begin(command, contents, node);
  if (!recorded.ok) return { ...recorded, decision: await decisionOnDisk(command, node) };
  const outcome = await obey(command, node);
  // What would come out differently the next time is not kept: it is to be done again.
  if (!outcome.ok && outcome.decision === 'untouched') return outcome;
  await state.write(command.id, { ...state.record(command.id), contents, outcome });
  return outcome;
}

async function begin(command: Command, contents: string, { state }: Node): Promise<Result<void>> {
  if (state.fault) return { ok: false, failure: state.fault };
  try {
    await state.write(command.id, { ...state.record(command.id), contents });
    return ok(undefined);
  } catch (error) {
    return fail('bad-file', `${state.folder} cannot be written: ${String(error)}`, 'check the disk', true);
  }
}

/** Without a memory, what lies in the folders tells whether this command has changed anything. */
async function decisionOnDisk(command: Command, node: Node): Promise<'kept' | 'untouched'> {
  const holder = holderOf(node, command.cluster, command.holder);
  const makers = await Promise.all((holder ? foldersOf(node, holder) : []).map(madeBy));
  return makers.includes(command.id) ? 'kept' : 'untouched';
}

async function obey(command: Command, node: Node): Promise<Outcome> {
  const { body, cluster, holder: id, rotation } = command;
  if (body.type === 'observe') {
    return answer(ok({ type: 'observed', observation: await observeNode(node, cluster) }));
  }
  const holder = holderOf(node, cluster, id);
  if (!holder) {
    const message = `the agent file of ${node.name} does not name ${id} of cluster ${cluster}`;
    return answer(fail('unknown-holder', message, 'correct the agent file or the fleet file'));
  }
  switch (body.type) {
    case 'prepare': {
      const prepared = await prepare(command, node);
      if (prepared.ok) node.keys.begin(kindsIn(body.keys, { node, cluster }));
      return answer(prepared);
    }
    case 'snapshot':
      return answer(await snapshotMember(node, cluster, rotation));
    case 'request':
      return answer(await requestCertificates(command, body, { node, holder }));
    case 'change':
      return change({ command, body, node, holder });
    case 'prove':
      return answer(await proveMember(body, { node, cluster, rotation }));
  }
}

/**
 * Copies what is there, then makes the folders ready: links to identical bytes. The rotation has changed nothing so far,
 * so that what others wrote since the last one is what was planned with.
 */
async function prepare({ cluster, rotation }: Command, node: Node): Promise<Result<ResultValue>> {
  const holders = holdersIn(node, cluster);
  const copies = await copySlots(holders, node.state.rotationFolder(rotation));
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
