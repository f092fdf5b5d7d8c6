import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Case, cases } from './case.ts';
import { type Left, leftAfter, whyNotRolledBack, whyNotThere } from './directions.ts';
import { holdsEverywhere, lookAtEveryCase, report, seed } from './every-case.ts';

// A rotation may be left after any step and in the middle of one. From there the same planner goes on, or back.

const ways: Record<string, (left: Left) => string | undefined> = {
  'from any prefix the way on arrives, and nobody refuses anybody': (left) => whyNotThere(left, left.towards),
  'from any prefix the way back arrives, and nobody refuses anybody': (left) => whyNotThere(left, left.back),
  'from any prefix a roll back ends with what was there, and nobody refuses anybody': (left) =>
    whyNotRolledBack(left, { keepNewCa: false }),
  'a roll back may leave the new CA where it is': (left) => whyNotRolledBack(left, { keepNewCa: true }),
};

const looked = lookAtEveryCase(
  (one, count) => {
    const left = leftAfter(one, placeIn(one));
    count(left ? 'left half done' : 'nothing to do');
    if (!left) return [];
    return Object.entries(ways).flatMap(([rule, way]) => {
      const wrong = way(left);
      return wrong === undefined ? [] : [[rule, wrong] as const];
    });
  },
  [0, 0.25],
);
report(looked, 'directions');

/** Where a case is left, which is where its earlier rotation would be. */
function placeIn({ earlier, leader }: Case): { steps: number; half: 'nothing' | 'written' | 'some' } {
  return { steps: earlier?.steps ?? leader, half: earlier?.half ?? 'nothing' };
}

test.each(Object.entries(ways))('%s', (rule, way) => {
  holdsEverywhere(looked, rule, (one) => {
    const left = leftAfter(one, placeIn(one));
    return left && way(left);
  });
});

test('most of the cases were left half done', () => {
  expect(looked.counts.get('left half done')).toBeGreaterThan(0.8 * looked.generated);
});

test('from every prefix of some plans both ways arrive', () => {
  const holds = (one: Case) => {
    const whole = leftAfter(one, { steps: 0, half: 'nothing' });
    for (let steps = 0; steps <= (whole?.steps ?? 0); steps += 1) {
      for (const half of ['nothing', 'written', 'some'] as const) {
        const left = leftAfter(one, { steps, half });
        if (!left) continue;
        expect(whyNotThere(left, left.towards)).toBeUndefined();
        expect(whyNotThere(left, left.back)).toBeUndefined();
        expect(whyNotRolledBack(left, { keepNewCa: false })).toBeUndefined();
      }
    }
  };
  fc.assert(fc.property(cases, holds), { seed, numRuns: 20 });
});
