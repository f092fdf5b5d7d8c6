import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '@etcd-rotate/lab';
import type { Entry, OperatorBody, Plan } from '@etcd-rotate/protocol';
import { type Operator, operatorOf } from '../operator.ts';
import { journalOf } from './photo.ts';
import type { Stage } from './stage.ts';

type Wanted = Extract<OperatorBody, { type: 'plan' }>['request'];

/** One rotation of the lab, steered by its operator. */
export interface Steered extends AsyncDisposable {
  id: string;
  /** Goes on, and says with which code it is held again, or `rotated`. */
  resumed(): Promise<string>;
  ask: Operator['ask'];
  /** The code that it is held with, or how it ended, as soon as there is one after an entry. */
  comesTo(after: number): Promise<string>;
}

export async function planFor({ lab }: Stage, wanted: Partial<Wanted>): Promise<Plan> {
  await using operator = await operatorOf(lab);
  return (await planOf(operator, wanted)).plan;
}

/** `planned`, or the code that a dry run is refused with. */
export async function planned({ lab }: Stage, wanted: Partial<Wanted>): Promise<string> {
  await using operator = await operatorOf(lab);
  const answer = await operator.ask({ type: 'plan', request: requestFor(wanted) });
  return answer.ok ? 'planned' : (answer.failures[0]?.code ?? 'no failure');
}

async function planOf(operator: Operator, wanted: Partial<Wanted>): Promise<{ plan: Plan; request: Wanted }> {
  const request = requestFor(wanted);
  const answer = await operator.ask({ type: 'plan', request });
  if (!answer.ok)
    throw new Error(answer.failures.map(({ code, message }) => `${code}: ${message}`).join('; '));
  if (answer.value.type !== 'plan') throw new Error(`a plan was asked for, not ${answer.value.type}`);
  return { plan: answer.value.plan, request };
}

function requestFor(wanted: Partial<Wanted>): Wanted {
  return {
    cluster: 'demo',
    domains: ['client', 'peer'],
    strategy: 'renew',
    targets: {},
    acceptDowntime: false,
    leaves: 'all',
    retire: [],
    reissue: false,
    confirmRetire: false,
    ...wanted,
  };
}

export async function startRotation({ lab }: Stage, wanted: Partial<Wanted>): Promise<Steered> {
  const operator = await operatorOf(lab);
  const { plan, request } = await planOf(operator, wanted);
  const started = await operator.ask({ type: 'start', request, digest: plan.digest });
  if (!started.ok || started.value.type !== 'started')
    throw new Error(`not started: ${JSON.stringify(started)}`);
  const id = started.value.rotation;
  const comesTo = (after: number): Promise<string> => rests(() => journalOf(lab), { id, after });
  return {
    id,
    ask: operator.ask,
    comesTo,
    async resumed() {
      const after = journalOf(lab).length;
      for (let tries = 0; ; tries += 1) {
        const answer = await operator.ask({ type: 'resume', rotation: id });
        if (answer.ok) return comesTo(after);
        const [failure] = answer.failures;
        // Its loop may not have come to rest yet.
        if (!failure?.retryable || tries > 20) return failure?.code ?? 'no failure';
        await sleep(50);
      }
    },
    [Symbol.asyncDispose]: () => operator[Symbol.asyncDispose](),
  };
}

async function rests(journal: () => Entry[], { id, after }: { id: string; after: number }): Promise<string> {
  let found: string | undefined;
  await until(
    `rotation ${id} rests`,
    () => {
      const ends = journal()
        .slice(after)
        .flatMap(({ body }) => {
          if (!('rotation' in body) || body.rotation !== id) return [];
          if (body.type === 'held') return [body.failure.code];
          return body.type === 'finished' ? [body.outcome] : [];
        });
      [found] = ends;
      return found !== undefined;
    },
    { within: 90_000, every: 20 },
  );
  return found ?? '';
}
