import type { Plan, Step } from '@etcd-rotate/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { provePlan } from '../src/prove-plan.ts';
import { strangers } from '../src/trust.ts';
import { worldFrom } from '../src/world.ts';
import { cases } from './case.ts';
import { quickJudge } from './certificates.ts';
import { seed } from './every-case.ts';
import { observed } from './state.ts';
import { trialOf } from './trial.ts';
import { changesIn, standInsFor, walk } from './walk.ts';

// A proof is worth what it finds: plans that were made wrong are put before it.

const wrongs = fc.record({
  how: fc.constantFrom('left out', 'first', 'last', 'without its bundles'),
  which: fc.nat(),
});
type Wrong = typeof wrongs extends fc.Arbitrary<infer T> ? T : never;

test('the proof finds what a walk through all that may be in use finds, at the same step', () => {
  let found = 0;
  const holds = (one: Parameters<typeof trialOf>[0], wrong: Wrong) => {
    const { planned, start } = trialOf(one);
    if (!planned.ok) return;
    const plan = { ...planned.value, steps: madeWrong(planned.value, wrong) };
    const lines = provePlan(plan, worldFrom(observed(start)), standInsFor(plan, start), quickJudge);
    const said = lines.find((line) => line.strangers.length > 0)?.step;
    const moment = walk(plan, start).find(({ middle }) => strangers(middle, quickJudge).refusals.length > 0);
    const walked = moment?.changes[0]?.id;
    if (walked) found += 1;
    // It keeps for possible what a process had loaded, until that slot is changed: so it may object where all is well.
    const isLoaded = [...start.holders.values()].every((slots) =>
      [...slots.values()].every(({ disk, inUse }) => disk === inUse),
    );
    if (isLoaded || said === undefined) expect(said).toBe(walked);
    else if (walked)
      expect(lines.findIndex(({ step }) => step === said)).toBeLessThanOrEqual(placeOf(lines, walked));
  };
  fc.assert(fc.property(cases, wrongs, holds), { seed, numRuns: 1_000 });
  expect(found).toBeGreaterThan(300);
});

function placeOf(lines: readonly { step: string }[], id: string): number {
  return lines.findIndex(({ step }) => step === id);
}

/** One change of a plan is left out, taken before all others or after them, or leaves its bundles as they were. */
function madeWrong({ steps }: Plan, { how, which }: Wrong): Step[] {
  const changes = changesIn(steps);
  const chosen = changes[which % changes.length];
  if (!chosen) return steps;
  const others = steps.filter(({ id }) => id !== chosen.id);
  switch (how) {
    case 'left out':
      return others;
    case 'first':
      return [{ ...chosen, group: -1 }, ...others];
    case 'last':
      return [...others, { ...chosen, group: 1 + Math.max(...steps.map(({ group }) => group)) }];
    case 'without its bundles': {
      const slots = Object.entries(chosen.action.slots).filter(([slot]) => slot.endsWith('-leaf'));
      const action = { ...chosen.action, slots: Object.fromEntries(slots) };
      return steps.map((step) => (step.id === chosen.id ? { ...chosen, action } : step));
    }
  }
}
