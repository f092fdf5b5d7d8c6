import type { RotationStatus } from '@etcd-rotate/protocol';
import colors from 'picocolors';
import { connectAs } from './coordinator.ts';
import { exitCodeOf, exitCodeOfAnswer, exitCodes } from './exit-codes.ts';
import { columns, terminal as terminalFor } from './terminal.ts';

/** How the nodes and the rotations are. */
export async function status(options: {
  identity: string;
  cluster?: string;
  json?: boolean;
}): Promise<number> {
  const terminal = terminalFor(options.json === true);
  const connected = await connectAs(options.identity);
  if (!connected.ok) {
    terminal.fail([connected.failure]);
    return exitCodeOf(connected.failure.code);
  }
  await using coordinator = connected.value;
  const { cluster } = options;
  const answer = await coordinator.ask('status', {
    type: 'status',
    ...(cluster === undefined ? {} : { cluster }),
  });
  if (!answer.ok) {
    terminal.fail(answer.failures);
    return exitCodeOfAnswer(answer.failures);
  }
  const { nodes, rotations, epoch, clusters } = answer.value;
  terminal.tell({ ok: true, epoch, clusters, nodes, rotations });
  terminal.say(`coordinator leads under epoch ${epoch}; clusters: ${clusters.join(', ')}`);
  for (const { node, answers } of nodes) {
    terminal.say(
      `  ${answers ? colors.green('✓') : colors.red('✗')} ${node} ${answers ? 'answers' : 'does not answer'}`,
    );
  }
  if (rotations.length === 0) terminal.say('no rotation yet; see what one would do with: rotate --dry-run');
  for (const line of columns(rotations.map(row))) terminal.say(line);
  const held = rotations.filter((one) => one.failure);
  for (const { rotation, failure } of held) {
    if (failure) terminal.say(`held ${rotation}: ${failure.message} (${failure.code})\n  ${failure.hint}`);
  }
  return held.length > 0 ? exitCodes.held : exitCodes.done;
}

function row({
  rotation,
  cluster,
  status: how,
  outcome,
  stepsDone,
  stepsAll,
  underWay,
  operator,
  startedAt,
}: RotationStatus): string[] {
  const steps = `${stepsDone} of ${stepsAll} steps`;
  return [
    rotation,
    cluster,
    outcome ?? how,
    steps,
    `by ${operator}`,
    startedAt.slice(0, 19),
    underWay.join(', '),
  ];
}
