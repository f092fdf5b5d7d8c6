import type { Rotation } from '@etcd-rotate/core';
import { type HolderId, holderName, type Step } from '@etcd-rotate/protocol';
import colors from 'picocolors';
import { lasting } from '../durations.ts';
import { mayBeAtWork } from '../not-heard.ts';
import { isDone, type StepState, stateOf } from '../step-state.ts';
import { columns } from '../terminal.ts';

/** More holders than that are not a picture any more: then only those that something is said of, and a count. */
const mostHolders = 16;

/** A line a holder: which stages it is through, what is under way and since when, and who has proven it. */
export function holderLines(rotation: Rotation, now: Date): string[] {
  const changes = rotation.plan.steps.filter(({ action }) => action.type === 'change');
  const stages = [...new Set(changes.map(({ stage }) => stage))];
  const holders = [...new Set(changes.map(({ holder }) => holder))].sort(membersFirst);
  const rows = holders.map((holder) => {
    const own = changes.filter((step) => step.holder === holder);
    const cells = stages.map((stage) =>
      cellOf(
        own.filter((step) => step.stage === stage),
        rotation,
      ),
    );
    return {
      holder,
      cells,
      said: saidOf(own, rotation, now),
      isDone: own.every((step) => isProven(step, rotation)),
    };
  });
  const isShown = ({ holder, cells }: (typeof rows)[number]): boolean =>
    holders.length <= mostHolders ||
    holder.startsWith('member/') ||
    cells.includes('…') ||
    cells.includes('✗');
  const shown = rows.filter(isShown);
  const left = rows.filter((row) => !isShown(row));
  const table = columns([
    ['', ...stages, ''],
    ...shown.map(({ holder, cells, said }) => [holderName(holder), ...cells, said]),
  ]);
  const [head = '', ...lines] = table.map((line) => line.trimEnd());
  const others =
    left.length === 0
      ? []
      : [`and ${left.length} clients, ${left.filter((row) => row.isDone).length} of them through`];
  return [colors.dim(head), ...lines.map(coloured), ...others];
}

function membersFirst(a: HolderId, b: HolderId): number {
  const rank = (holder: HolderId): number =>
    holder.startsWith('member/') ? 0 : holder.startsWith('client/agent-') ? 2 : 1;
  return rank(a) - rank(b) || (a < b ? -1 : 1);
}

type Cell = '✓' | '…' | '✗' | '·' | '-';

function cellOf(steps: readonly Step[], rotation: Rotation): Cell {
  if (steps.length === 0) return '-';
  if (steps.every((step) => isProven(step, rotation))) return '✓';
  const all = steps.flatMap((step) => [step, ...proofsOf(step, rotation)]);
  const states = all.map((step) => stateOf(step, rotation));
  if (states.some(({ is }) => is === 'failed')) return '✗';
  // Certificates are asked for ahead, while others are at work: that is no beginning.
  const isBegun = states.some(
    (state) => state.is === 'done' || (state.is === 'under-way' && state.command.body.type !== 'request'),
  );
  return isBegun ? '…' : '·';
}

/** What the holder is at; where it rests, what was proven of it last. */
function saidOf(own: readonly Step[], rotation: Rotation, now: Date): string {
  for (const step of own) {
    const state = stateOf(step, rotation);
    if (state.is === 'under-way') return underWay(step, state, { rotation, now });
    if (state.is === 'failed') return `${state.failure.code} at ${step.id}`;
    if (state.is === 'done' && !isProven(step, rotation)) return beingProven(step, rotation, now);
  }
  const last = own.findLast((step) => isProven(step, rotation));
  return last ? `proven by ${provers(last, rotation)}` : '';
}

function underWay(
  { action }: Step,
  { command }: Extract<StepState, { is: 'under-way' }>,
  { rotation, now }: { rotation: Rotation; now: Date },
): string {
  const since = lasting(now.getTime() - Date.parse(command.issuedAt));
  const isHeld = rotation.state.status === 'held';
  if (command.body.type === 'request')
    return isHeld ? 'asked for its keys ahead' : `makes its keys, for ${since}`;
  if (isHeld) return `${command.body.type} ${mayBeAtWork}, for ${since}`;
  return `${action.type === 'change' ? taking[action.taken] : command.body.type}, for ${since}`;
}

const taking = {
  restart: 'installs and restarts',
  reload: 'installs and reloads',
  'by-itself': 'installs',
} as const;

function beingProven(step: Step, rotation: Rotation, now: Date): string {
  const states = proofsOf(step, rotation).map((proof) => ({ proof, state: stateOf(proof, rotation) }));
  const by = (is: StepState['is'][]): string =>
    states
      .filter(({ state }) => is.includes(state.is))
      .map(({ proof }) => holderName(proof.holder))
      .join(', ');
  const waiting = states.flatMap(({ state }) =>
    state.is === 'under-way' ? [Date.parse(state.command.issuedAt)] : [],
  );
  const silent = waiting.length > 0 ? `, for ${lasting(now.getTime() - Math.min(...waiting))}` : '';
  const since = silent && rotation.state.status === 'held' ? ` (${mayBeAtWork}${silent})` : silent;
  const [done, failed, toCome] = [by(['done']), by(['failed']), by(['under-way', 'to-come'])];
  return [
    `it has it${done ? `, proven by ${done}` : ''}`,
    failed ? `not by ${failed}` : '',
    toCome ? `${toCome} still to look${since}` : '',
  ]
    .filter(Boolean)
    .join('; ');
}

function provers(step: Step, rotation: Rotation): string {
  const others = proofsOf(step, rotation).map(({ holder }) => holderName(holder));
  return others.length > 0 ? others.join(', ') : 'its own node';
}

/** The looks of other nodes at a change. */
function proofsOf({ id }: Step, { plan }: Rotation): Step[] {
  return plan.steps.filter(({ action }) => action.type === 'prove' && action.after === id);
}

function isProven(step: Step, rotation: Rotation): boolean {
  return [step, ...proofsOf(step, rotation)].every((one) => isDone(one, rotation));
}

/** Colour after the columns: it would count as width. */
function coloured(line: string): string {
  return line
    .replaceAll('✓', colors.green('✓'))
    .replaceAll('…', colors.cyan('…'))
    .replaceAll('✗', colors.red('✗'));
}
