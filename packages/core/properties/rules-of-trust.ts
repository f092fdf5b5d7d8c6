import { provePlan } from '../src/prove-plan.ts';
import { describeRefusal, strangers } from '../src/trust.ts';
import type { Contents } from '../src/world.ts';
import { worldFrom } from '../src/world.ts';
import { quickJudge } from './certificates.ts';
import { observed, possible, type State } from './state.ts';
import type { Trial } from './trial.ts';
import { standInsFor } from './walk.ts';

/** What is wrong, or nothing. */
export type Rule = (trial: Trial) => string | undefined;

/** In the middle of a step is as well before and after it: the contents of both may be in use. */
export const nobodyRefusesAnybody: Rule = ({ start, moments }) => {
  const before = strangers(possible(start), quickJudge).refusals;
  if (before[0]) return `at the start ${describeRefusal(before[0])}`;
  for (const { changes, middle } of moments) {
    const [refusal] = strangers(middle, quickJudge).refusals;
    if (refusal) return `during ${changes.map(({ id }) => id)} ${describeRefusal(refusal)}`;
  }
  return undefined;
};

export const theProofSaysTheSame: Rule = ({ planned, start, moments }) => {
  if (!planned.ok) return undefined;
  const plan = planned.value;
  const lines = provePlan(plan, worldFrom(observed(start)), standInsFor(plan, start), quickJudge);
  const said = lines.flatMap((line) => line.strangers);
  if (said.length > 0) return `the proof says: ${said[0]}`;
  const expected = moments.reduce((sum, { changes }) => sum + changes.length, 1);
  return lines.length === expected ? undefined : `${lines.length} lines for ${expected} changes`;
};

/** What is in use is among what the planner takes for possible, at the start and after every step. */
export const whatIsSeenIsTrue: Rule = ({ start, end }) => {
  for (const state of [start, end]) {
    const world = worldFrom(observed(state));
    for (const [holder, holdings] of state.holders) {
      for (const [slot, { inUse, disk }] of holdings) {
        const all = world.get(holder)?.slots.get(slot) ?? [];
        if (!all.some((one) => isSame(one, inUse))) return `${holder} ${slot}: what is in use is not seen`;
        if (!isSame(all.at(-1) ?? [], disk)) return `${holder} ${slot}: what lies on disk is not the last`;
      }
    }
  }
  return undefined;
};

function isSame(a: Contents, b: Contents): boolean {
  const prints = (contents: Contents) =>
    contents
      .map(({ facts }) => facts.fingerprint)
      .sort()
      .join();
  return prints(a) === prints(b);
}

export function firstRefused(trial: Trial): number {
  return trial.moments.findIndex(({ middle }) => strangers(middle, quickJudge).refusals.length > 0);
}

export type { State };
