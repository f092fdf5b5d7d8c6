import { type Rotation, statusInWords } from '@etcd-rotate/core';
import type { Failure } from '@etcd-rotate/protocol';
import colors from 'picocolors';
import { mark } from '../calm.ts';
import { lasting } from '../durations.ts';
import { clipped, wrapped } from '../fit.ts';
import { possibleNow } from '../possible-now.ts';
import { showEntry } from '../show-entry.ts';
import { caName } from '../show-plan/words.ts';
import { columns } from '../terminal.ts';
import { timeLeft } from '../time-left.ts';
import { whatItCost } from '../what-it-cost.ts';
import { whereItStands } from '../where-it-stands.ts';
import { holderLines } from './holder-lines.ts';
import { stageLines } from './stage-lines.ts';
import { waitingLines } from './waiting-lines.ts';
import type { Watched } from './watched.ts';

interface View {
  /** Of the terminal. */
  width: number;
  /** Who looks. */
  asking: string;
}

/** A rotation at one moment as a block of lines, none wider than the terminal. */
export function watchView(watched: Watched, now: Date, view: View): string[] {
  const { width } = view;
  const { rotation, recent } = watched;
  const blocks = [
    [title(watched, now), ...what(rotation, watched.epoch)],
    stageLines(rotation),
    holderLines(rotation, now),
    [whatItCost(rotation)],
    standing(rotation, now, view),
    recent.flatMap((entry) => showEntry(entry, rotation.plan).line ?? []),
  ];
  return blocks
    .filter((block) => block.length > 0)
    .flatMap((block, i) => (i === 0 ? block : ['', ...block]))
    .map((line) => clipped(line, width));
}

function title({ rotation, since }: Watched, now: Date): string {
  const { id, cluster, startedAt, state, plan } = rotation;
  const inState = lasting(now.getTime() - Date.parse(since));
  const soFar = `${lasting(now.getTime() - Date.parse(startedAt))} so far`;
  const how = statusInWords({ status: state.status, direction: plan.direction });
  const left = timeLeft(rotation, now);
  const said = ((): string => {
    switch (state.status) {
      case 'running': {
        const back = plan.direction === 'back' ? ` for ${inState}` : '';
        return `${colors.cyan(how)}${back}, ${soFar}${left === undefined ? '' : `, about ${lasting(left)} left`}`;
      }
      case 'holding':
        return `${colors.yellow(how)}: stops before its next step, as ${state.operator} asked; ${soFar}`;
      case 'held':
        return `${colors.yellow(how)} for ${inState}`;
      case 'finished': {
        const took = lasting(Date.parse(state.endedAt) - Date.parse(startedAt));
        const colour = state.outcome === 'abandoned' ? colors.yellow : colors.green;
        return `${colour(state.outcome)} at ${clock(state.endedAt)}, after ${took}`;
      }
    }
  })();
  return `${colors.bold(id)} of ${cluster}: ${said}`;
}

function what({ plan, operator, startedAt }: Rotation, epoch: number): string[] {
  const { strategy, restarts, direction, keepsNewCa, policy, estimate, domains } = plan;
  const way =
    direction === 'back'
      ? `way back; the new CA ${keepsNewCa ? 'stays trusted' : 'is taken out again'}`
      : strategy === 'staged'
        ? `staged, restarts ${restarts}`
        : strategy;
  const isHeld = policy.confirmRetire || policy.approvals === 2;
  const confirm = isHeld && estimate.refusesFrom ? `; holds before ${estimate.refusesFrom}` : '';
  const cas = Object.entries(domains).map(([domain, { old, target }]) => {
    const to = caName(target);
    const from = old.map((certificate) => caName({ role: 'seen', certificate })).join(', ');
    return `${domain} CA ${from === '' || strategy === 'renew' ? `${to} stays` : `${from} → ${to}`}`;
  });
  return [
    `${way}${confirm}; begun by ${operator} at ${clock(startedAt)}; coordinator of epoch ${epoch}`,
    ...cas,
  ].map(colors.dim);
}

/** Why it does not go on and what can be done, or whom it waits for. */
function standing(rotation: Rotation, now: Date, view: View): string[] {
  const { state } = rotation;
  const { width } = view;
  switch (state.status) {
    case 'running':
    case 'holding':
      return waitingLines(rotation, now);
    case 'held':
      return [
        ...failureLines(state.failure, width),
        ...whereItStands(rotation).flatMap((line) => wrapped(line, width, '  ')),
        'possible now:',
        ...columns(possibleNow(rotation, view.asking)).map((line) => `  ${line}`),
      ];
    case 'finished':
      return [];
  }
}

function failureLines(failure: Failure, width: number): string[] {
  const { code, message, hint, causes = [] } = failure;
  return [
    ...wrapped(`${mark(failure)} ${message} ${colors.dim(`(${code})`)}`, width),
    ...causes.slice(1, 4).flatMap((cause) => wrapped(cause, width, '    ')),
    ...wrapped(hint, width, '  '),
  ];
}

function clock(instant: string): string {
  return instant.slice(0, 19).replace('T', ' ');
}
