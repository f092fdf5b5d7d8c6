import {
  type Command,
  type CommandResult,
  type Entry,
  isOfRotation,
  type OfRotation,
} from '@etcd-rotate/protocol';
import { mayApprove } from './approval.ts';
import { currentGroup } from './groups.ts';
import { installed } from './installed.ts';
import { attemptOf, inFlight, isAwaited, isBegun, type Progress, type Rotation } from './rotation.ts';
import { after, worldFrom } from './world.ts';

/** One step further: the rotation after an entry. Entries of other rotations change nothing. */
export function apply(rotation: Rotation | undefined, entry: Entry): Rotation | undefined {
  const { body, seq } = entry;
  if (!isOfRotation(body)) return rotation;
  if (!rotation) return body.type === 'started' ? begun(entry, body) : undefined;
  if (rotation.id !== body.rotation) return rotation;
  return mayFollow(rotation, body) ? { ...followed(rotation, entry, body), seq } : { ...rotation, seq };
}

type Started = Extract<OfRotation, { type: 'started' }>;

function begun({ at, seq }: Entry, body: Started): Rotation {
  const { rotation: id, cluster, operator, request, plan, observations } = body;
  return {
    id,
    cluster,
    operator,
    request,
    plan,
    observations,
    startedAt: at,
    seq,
    state: { status: 'running' },
    mayRefuse: false,
    approved: {},
    cas: {},
    world: worldFrom(observations),
    progress: {},
  };
}

function followed(rotation: Rotation, { at }: Entry, body: OfRotation): Rotation {
  switch (body.type) {
    case 'started':
      return rotation;
    case 'ca': {
      const { role, name, certificate } = body;
      return { ...rotation, cas: { ...rotation.cas, [role]: { name, certificate } } };
    }
    case 'sent':
      return withProgress(rotation, body.step, sent(rotation.progress[body.step], body.command));
    case 'signed':
      return changed(rotation, body.step, (progress) => ({ ...progress, signed: body.certificates }));
    case 'result':
      return withResult(rotation, body.step, body.result);
    case 'held':
      return { ...rotation, state: { status: 'held', failure: body.failure } };
    case 'holding':
      return { ...rotation, state: { status: 'holding', operator: body.operator } };
    case 'resumed':
      return resumed(rotation, body.prepareAgain);
    case 'approved':
      return {
        ...resumed(rotation, body.prepareAgain),
        approved: { ...rotation.approved, [body.before]: body.operator },
      };
    case 'turned': {
      const { plan, observations } = body;
      const world = worldFrom(observations);
      const turned = body.request;
      return { ...rotation, state: { status: 'running' }, plan, observations, world, progress: {}, turned };
    }
    case 'finished':
      return { ...rotation, state: { status: 'finished', outcome: body.outcome, endedAt: at } };
  }
}

/**
 * Nothing follows the end, only what is held is resumed, and only what waits for it is approved, by another operator than
 * who asked for it: what comes all the same was overtaken.
 */
function mayFollow(rotation: Rotation, body: OfRotation): boolean {
  const { status } = rotation.state;
  switch (body.type) {
    case 'resumed':
      return status === 'held' || status === 'holding';
    case 'approved': {
      const awaited = mayApprove(rotation, body.operator);
      return awaited.ok && awaited.value === body.before;
    }
    case 'turned':
      return status === 'held';
    case 'holding':
      return status === 'running';
    case 'held':
      // Who asked to hold and has taken it back meanwhile wants to go on.
      return body.failure.code === 'held-by-operator' ? status === 'holding' : status !== 'finished';
    case 'started':
    case 'ca':
    case 'sent':
    case 'signed':
    case 'result':
    case 'finished':
      return status !== 'finished';
  }
}

/**
 * What was only asked to hold goes on as if it had not been; what was held begins its step anew.
 *
 * @param prepareAgain nodes that have lost what they had copied
 */
function resumed(rotation: Rotation, prepareAgain: readonly string[] = []): Rotation {
  const { state } = rotation;
  const running = { ...rotation, state: { status: 'running' } } as const;
  if (state.status !== 'held') return running;
  const mayRefuse = rotation.mayRefuse || state.failure.code === 'confirm-retire';
  const progress = withoutCurrent(rotation);
  return { ...running, mayRefuse, progress: { ...progress, ...preparedAnew(rotation, prepareAgain) } };
}

function preparedAnew({ plan, progress }: Rotation, nodes: readonly string[]): Rotation['progress'] {
  const steps = plan.steps.filter(({ action, node }) => action.type === 'prepare' && nodes.includes(node));
  return Object.fromEntries(
    steps.flatMap(({ id }) => {
      const there = progress[id];
      return there ? [[id, anew(there, 0)]] : [];
    }),
  );
}

/** An answer nobody waits for changes nothing; the answer to a change that was kept changes the world. */
function withResult(rotation: Rotation, stepId: string, result: CommandResult): Rotation {
  const progress = rotation.progress[stepId];
  if (!progress || !awaits(rotation, result)) return rotation;
  const next = withProgress(rotation, stepId, { ...progress, results: [...progress.results, result] });
  const command = progress.sent.find(({ id }) => id === result.id);
  const kept = result.outcome.ok || result.outcome.decision === 'kept';
  if (isCanaryLost(result) && command?.body.type === 'prove')
    return withNewCanaries(next, command.body.after);
  if (!command || !kept) return next;
  return { ...next, world: after(next.world, command.holder, installed(next, command)) };
}

function isCanaryLost({ outcome }: CommandResult): boolean {
  return !outcome.ok && outcome.failure.code === 'canary-lost';
}

/**
 * An agent that was restarted between a change and the look at its ports has no keys of its canaries any more. The
 * change begins anew: it asks for new ones, finds its files in place and restarts nobody.
 */
function withNewCanaries(rotation: Rotation, change: string): Rotation {
  return changed(rotation, change, (progress) => anew(progress, progress.tries));
}

/** The number of the attempt is kept, so that the next one has ids of its own. */
function anew(before: Progress, tries: number): Progress {
  const { attempt } = before;
  const empty = { attempt, tries, sent: [], results: [], signed: undefined };
  return isBegun(before) ? { ...empty, wasBegun: true } : empty;
}

/**
 * Whether a result answers a command that was sent and not answered yet, and comes from the node that it was sent to: a
 * node that knows the id of a command for another one must not answer in its place.
 */
export function awaits({ id, progress }: Rotation, result: CommandResult): boolean {
  const one = progress[result.step];
  const command = one?.sent.find((sent) => sent.id === result.id);
  if (!one || !command || result.rotation !== id || !isAwaited(one, result.id)) return false;
  return command.node === result.node && command.holder === result.holder;
}

/** A command of a later attempt begins the step anew; `attempt` is the third part of its id. */
function sent(progress: Progress | undefined, command: Command): Progress {
  const attempt = attemptOf(command);
  if (!progress || attempt > progress.attempt) {
    const tries = (progress?.tries ?? 0) + 1;
    const before = progress && isBegun(progress) ? ({ wasBegun: true } as const) : {};
    return { ...before, attempt, tries, sent: [command], results: [], signed: undefined };
  }
  const known = progress.sent.some(({ id }) => id === command.id);
  return known ? progress : { ...progress, sent: [...progress.sent, command] };
}

/**
 * The group that did not get through begins anew; a step that was done already finds that and does nothing again. The
 * number of the attempt is kept, so that the next one has ids of its own. Only a change without an answer is asked for
 * again under its own id: its node may have done it meanwhile, and begun anew it would find its own files and take them
 * for somebody else's.
 */
function withoutCurrent(rotation: Rotation): Rotation['progress'] {
  const { progress } = rotation;
  const group = currentGroup(rotation).map(({ id }) => id);
  const begunAnew = [...group, ...canariesBehind(rotation)].flatMap((id): [string, Progress][] => {
    const there = progress[id];
    if (!there?.attempt) return [];
    if (inFlight(there)?.body.type === 'change') return [[id, { ...there, tries: 0, isFromBefore: true }]];
    return [[id, anew(there, 0)]];
  });
  return { ...progress, ...Object.fromEntries(begunAnew) };
}

/** A look with canaries needs new ones: they live for minutes, and their keys no longer than their agent. */
function canariesBehind(rotation: Rotation): string[] {
  return currentGroup(rotation).flatMap(({ action }) => {
    const signed = action.type === 'prove' ? rotation.progress[action.after]?.signed : undefined;
    return action.type === 'prove' && signed?.some((one) => 'canary' in one.for) ? [action.after] : [];
  });
}

function changed(rotation: Rotation, step: string, change: (progress: Progress) => Progress): Rotation {
  const progress = rotation.progress[step];
  return progress ? withProgress(rotation, step, change(progress)) : rotation;
}

function withProgress(rotation: Rotation, step: string, progress: Progress): Rotation {
  return { ...rotation, progress: { ...rotation.progress, [step]: progress } };
}
