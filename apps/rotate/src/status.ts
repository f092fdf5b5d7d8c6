import { type Rotation, statusInWords } from '@etcd-rotate/core';
import type { Refused, RotationStatus } from '@etcd-rotate/protocol';
import colors from 'picocolors';
import { mark } from './calm.ts';
import type { Coordinator } from './coordinator.ts';
import { lasting } from './durations.ts';
import { exitCodes } from './exit-codes.ts';
import { give } from './give.ts';
import { notHeard, unheardOf } from './not-heard.ts';
import { possibleNow } from './possible-now.ts';
import { rotationNow } from './rotation-now.ts';
import { isDone, stepAt } from './step-state.ts';
import { columns } from './terminal.ts';
import { timeLeft } from './time-left.ts';
import { whoLeads } from './who-leads.ts';
import { type CommonOptions, withCoordinator } from './with-coordinator.ts';

/** An unfinished rotation with what is made from its journal. */
interface Unfinished {
  status: RotationStatus;
  rotation: Rotation | undefined;
  possible: [command: string, does: string][];
  leftMs: number | undefined;
}

/** So many of those that are finished are shown; all of them are in the JSON. */
const mostFinished = 10;

/** Who leads, how the nodes are, and how every rotation is. */
export function status(options: CommonOptions & { cluster?: string }): Promise<number> {
  return withCoordinator(options, async ({ coordinator, terminal }) => {
    const { cluster } = options;
    const about = cluster === undefined ? {} : { cluster };
    const answer = await coordinator.ask('status', { type: 'status', ...about });
    if (!answer.ok) return give(terminal, answer.failures);
    const { nodes, rotations, epoch, clusters, coordinators, refused } = answer.value;
    const unfinished = await Promise.all(
      rotations.filter(({ status: how }) => how !== 'finished').map((one) => lookAt(coordinator, one)),
    );
    terminal.tell({
      ok: true,
      epoch,
      coordinators,
      clusters,
      nodes,
      refused,
      rotations: rotations.map((one) => withMore(one, unfinished)),
    });
    terminal.say(`${whoLeads(answer.value)}; clusters: ${clusters.join(', ')}`);
    for (const { node, answers } of nodes) {
      terminal.say(
        `  ${answers ? colors.green('✓') : colors.red('✗')} ${node} ${answers ? 'answers' : 'does not answer'}`,
      );
    }
    for (const line of refusedLines(refused)) terminal.say(line);
    if (rotations.length === 0) terminal.say('no rotation yet; see what one would do with: rotate --dry-run');
    for (const line of finishedLines(rotations)) terminal.say(line);
    for (const one of unfinished) for (const line of unfinishedLines(one)) terminal.say(line);
    return unfinished.some((one) => one.status.status === 'held') ? exitCodes.held : exitCodes.done;
  });
}

async function lookAt(coordinator: Coordinator, one: RotationStatus): Promise<Unfinished> {
  const now = await rotationNow(coordinator, one.rotation);
  const rotation = now.ok ? now.value : undefined;
  return {
    status: one,
    rotation,
    possible: rotation ? possibleNow(rotation, coordinator.about.operator) : [],
    leftMs: rotation && timeLeft(rotation, new Date()),
  };
}

/** So many are shown; all of them are in the JSON. */
const mostRefused = 5;

/** Whoever tries what is not theirs is either set up wrongly, or not who we think. */
function refusedLines(refused: readonly Refused[]): string[] {
  if (refused.length === 0) return [];
  const rows = refused
    .slice(0, mostRefused)
    .map(({ from, code, count, lastAt, message }) => [
      `    ${count} x ${code}`,
      `from ${from}`,
      `last ${time(lastAt)}`,
      message.slice(0, 120),
    ]);
  const more = refused.length > mostRefused ? ' (more: rotate status --json)' : '';
  return [`  ${colors.yellow('!')} refused since the coordinator started${more}:`, ...columns(rows)];
}

function finishedLines(rotations: readonly RotationStatus[]): string[] {
  const finished = rotations.filter(({ status: how }) => how === 'finished');
  const shown = finished.slice(-mostFinished);
  const before = finished.length - shown.length;
  const rows = shown.map(({ rotation, cluster, outcome = '', operator, startedAt, endedAt }) => [
    rotation,
    cluster,
    outcome,
    `by ${operator}`,
    time(startedAt),
    endedAt === undefined ? '' : `in ${lasting(Date.parse(endedAt) - Date.parse(startedAt))}`,
  ]);
  return [...(before > 0 ? [`${before} finished before these: rotate status --json`] : []), ...columns(rows)];
}

function unfinishedLines({ status: one, rotation, possible, leftMs }: Unfinished): string[] {
  const { stepsAll, underWay, failure, operator, startedAt, direction } = one;
  const stepsDone = rotation ? doneIn(rotation) : one.stepsDone;
  const how = statusInWords(one);
  const next = rotation && stepAt(rotation);
  const stage = next ? ` in ${next.stage}` : '';
  const left = leftMs === undefined ? '' : `, about ${lasting(leftMs)} left`;
  const colour = one.status === 'running' ? colors.cyan : colors.yellow;
  return [
    `${colors.bold(one.rotation)} of ${one.cluster} is ${colour(how)}${stage}: ${stepsDone} of ${stepsAll} steps${direction === 'back' ? ' back' : ''} done${left}; by ${operator} at ${time(startedAt)}`,
    ...(one.status !== 'held' && underWay.length > 0
      ? [`  under way: ${underWay.join(', ')}`]
      : next
        ? [`  next: ${next.id}`]
        : []),
    ...(rotation ? notHeard(rotation) : []).map((line) => `  ${line}`),
    ...(failure
      ? [`  ${mark(failure)} ${failure.message} ${colors.dim(`(${failure.code})`)}`, `    ${failure.hint}`]
      : []),
    ...(possible.length > 0 ? ['  possible now:'] : []),
    ...columns([
      ...possible,
      [`rotate watch ${one.rotation}`, 'shows it live; can be closed and opened again'],
    ]).map((line) => `    ${line}`),
  ];
}

/** What a program cannot make from the reply alone. */
function withMore(one: RotationStatus, unfinished: readonly Unfinished[]): object {
  const found = unfinished.find(({ status: same }) => same.rotation === one.rotation);
  if (!found?.rotation) return one;
  const next = stepAt(found.rotation);
  return {
    ...one,
    stepsDone: doneIn(found.rotation),
    ...(next ? { stage: next.stage, next: next.id } : {}),
    ...(found.leftMs === undefined ? {} : { secondsLeft: Math.round(found.leftMs / 1000) }),
    ...(one.status === 'held' ? { notHeard: unheardOf(found.rotation).map(({ step }) => step) } : {}),
    possible: found.possible.map(([command]) => command),
  };
}

/** What was answered well and proves nothing is not done. */
function doneIn(rotation: Rotation): number {
  return rotation.plan.steps.filter((step) => isDone(step, rotation)).length;
}

function time(instant: string): string {
  return instant.slice(0, 19).replace('T', ' ');
}
