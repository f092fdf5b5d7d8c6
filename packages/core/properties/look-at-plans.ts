import { expect, test } from 'vitest';
import type { Case } from './case.ts';
import { holdsEverywhere, lookAtEveryCase, report, runs } from './every-case.ts';
import {
  atItsTargetThereIsNothingToDo,
  itEndsOnItsTarget,
  onlyWhatCannotBeIsRefused,
  onlyWhatIsNotYetTrueIsDone,
} from './rules-of-ends.ts';
import {
  everyMemberIsProven,
  oneIsChangedAtATime,
  restartsAreThoseOfTheStrategy,
  stagesFollowEachOther,
  theEstimateCountsTheSteps,
  theLastLookIsFinal,
  theLeaderHandsOver,
  theLeadMovesOnceAStage,
} from './rules-of-steps.ts';
import { nobodyRefusesAnybody, type Rule, theProofSaysTheSame, whatIsSeenIsTrue } from './rules-of-trust.ts';
import { trialOf } from './trial.ts';

// What must hold of every plan, whatever the cluster, the way in which it is half done, and what is asked for.

const rules: Record<string, Rule> = {
  'nobody refuses anybody, after any prefix and in the middle of the next step': nobodyRefusesAnybody,
  'the proof says the same': theProofSaysTheSame,
  'what is in use is among what the planner takes for possible': whatIsSeenIsTrue,
  'never two members are changed at once, and nothing beside a client': oneIsChangedAtATime,
  'every node looks at one member before the next': everyMemberIsProven,
  'members restart as the strategy says, and for nothing else': restartsAreThoseOfTheStrategy,
  'the leader hands over, and nobody else does': theLeaderHandsOver,
  'the lead moves once in a stage': theLeadMovesOnceAStage,
  'one stage ends before the next': stagesFollowEachOther,
  'the last look is the final one': theLastLookIsFinal,
  'the estimate counts what the steps do': theEstimateCountsTheSteps,
  'every leaf is of the target and every bundle without the old CA in the end': itEndsOnItsTarget,
  'a plan at its target is empty': atItsTargetThereIsNothingToDo,
  'nothing is refused but what cannot be': onlyWhatCannotBeIsRefused,
  'a plan lists only what is not yet true': onlyWhatIsNotYetTrueIsDone,
};

/**
 * Looks at a half of the cases by every rule; the other half is another file's, so that two threads share the work.
 *
 * @param part from where to where, as shares of all the cases
 */
export function lookAtPlans(part: readonly [from: number, to: number]): void {
  const looked = lookAtEveryCase((one, count) => {
    const trial = trialOf(one);
    const { planned, moments } = trial;
    count(planned.ok ? `planned ${trial.request.strategy}` : planned.failure.code);
    if (one.earlier) count('half done');
    count('steps', moments.length);
    return Object.entries(rules).flatMap(([rule, look]) => {
      const wrong = look(trial);
      return wrong === undefined ? [] : [[rule, wrong] as const];
    });
  }, part);
  report(looked, `plans, from ${part[0]} to ${part[1]} of the cases`);

  test.each(Object.entries(rules))('%s', (rule, look) => {
    holdsEverywhere(looked, rule, (one: Case) => look(trialOf(one)));
  });

  test('half of ten thousand clusters and requests or more were generated, and most of them planned', () => {
    const planned = [...looked.counts].filter(([what]) => what.startsWith('planned'));
    expect(runs).toBeGreaterThanOrEqual(10_000);
    expect(looked.generated).toBe(runs / 2);
    expect(planned.reduce((sum, [, number]) => sum + number, 0)).toBeGreaterThan(0.8 * looked.generated);
  });
}
