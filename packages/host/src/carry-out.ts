import { type Command, type CommandResult, fail, ok, type Result, type ResultValue } from '@etcd-rotate/protocol';
import { change } from './change.ts';
import { adopt } from './generations.ts';
import { copySlots } from './copies.ts';
import { foldersOf, holderOf, holdersIn, type Node } from './node.ts';
import { observeNode } from './observe-node.ts';
import { proveMember } from './prove-member.ts';
import { requestCertificates } from './request-certificates.ts';
import { snapshotMember } from './snapshot-member.ts';

export type Outcome = CommandResult['outcome'];

/**
 * Carries out a command on this node. A command that comes again gets the result it had, or is gone on with: each looks
 * before it acts, so that doing it twice is doing it once.
 *
 * @param contents digest of what the command says
 */
export async function carryOut(command: Command, contents: string, node: Node): Promise<Outcome> {
  const { body, cluster } = command;
  if (body.type === 'observe') {
    return answer({ ok: true, value: { type: 'observed', observation: await observeNode(node, cluster) } });
  }
  const record = node.state.record(command.id);
  if (record?.outcome) return record.outcome;
  await node.state.write(command.id, { ...record, contents });
  const outcome = await obey(command, node);
  // What would come out differently the next time is not kept: it is to be done again.
  const settled = outcome.ok || outcome.decision !== 'untouched';
  if (settled && body.type !== 'prove') {
    await node.state.write(command.id, { ...node.state.record(command.id), contents, outcome });
  }
  return outcome;
}

async function obey(command: Command, node: Node): Promise<Outcome> {
  const { body, cluster, holder: id, rotation } = command;
  const holder = holderOf(node, cluster, id);
  if (!holder) {
    const message = `the agent file of ${node.name} does not name ${id} of cluster ${cluster}`;
    return answer(fail('unknown-holder', message, 'correct the agent file or the fleet file'));
  }
  switch (body.type) {
    case 'observe':
      return answer({ ok: true, value: { type: 'observed', observation: await observeNode(node, cluster) } });
    case 'prepare': {
      const prepared = await prepare(command, node);
      if (prepared.ok) node.keys.begin(body.keys.map(({ kind }) => kind));
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

/** Copies what is there, then makes the folders ready: links to identical bytes. */
async function prepare({ cluster, rotation }: Command, node: Node): Promise<Result<ResultValue>> {
  const holders = holdersIn(node, cluster);
  const copies = await copySlots(holders, node.state.rotationFolder(rotation));
  if (!copies.ok) return copies;
  for (const folder of new Map(holders.flatMap((holder) => foldersOf(node, holder)).map((one) => [one.path, one])).values()) {
    const adopted = await adopt(folder);
    if (!adopted.ok) return adopted;
  }
  return ok({ type: 'prepared', copies: copies.value });
}

function answer(result: Result<ResultValue>): Outcome {
  return result.ok ? result : { ...result, decision: 'untouched' };
}
