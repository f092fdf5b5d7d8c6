import type { Failure } from '@etcd-rotate/protocol';
import type { Check, CheckInput } from './check.ts';
import {
  bundlesAreLoaded,
  everyCertificateIsInDate,
  namesCoverWhatIsDialled,
  usagesAreThere,
} from './check-certificates.ts';
import {
  everyMemberServes,
  everythingIsModelled,
  memberCanBeSpared,
  membersAreThoseOfTheFleet,
  noAlarm,
  noLearner,
  oneLeaderEverywhere,
  versionsAreKnown,
} from './check-members.ts';
import {
  clocksAreClose,
  everyHolderIsKnown,
  everyNodeAnswers,
  everySlotIsSeen,
  nodesFindNoProblem,
} from './check-nodes.ts';

/** The preflight, in the order in which a person would ask. */
export const preflight: readonly Check[] = [
  everyNodeAnswers,
  everyHolderIsKnown,
  nodesFindNoProblem,
  everySlotIsSeen,
  everythingIsModelled,
  versionsAreKnown,
  everyMemberServes,
  membersAreThoseOfTheFleet,
  oneLeaderEverywhere,
  noLearner,
  noAlarm,
  memberCanBeSpared,
  clocksAreClose,
  everyCertificateIsInDate,
  namesCoverWhatIsDialled,
  usagesAreThere,
  bundlesAreLoaded,
];

/**
 * Before a held rotation goes on: the cluster is still the one that was planned for. What the rotation itself left half
 * done, as a member that is down, is for the agents and the gate.
 */
export const beforeResume: readonly Check[] = [
  everyNodeAnswers,
  membersAreThoseOfTheFleet,
  noLearner,
  noAlarm,
  clocksAreClose,
];

export function resumeRefusalsOf(input: CheckInput): Failure[] {
  return firstOf(beforeResume, input);
}

export function refusalsOf(input: CheckInput): Failure[] {
  return firstOf(preflight, input);
}

/** All that is refused; but where not everybody and everything is seen, the rest could only repeat that in other words. */
function firstOf(checks: readonly Check[], input: CheckInput): Failure[] {
  const failures: Failure[] = [];
  for (const check of checks) {
    failures.push(...check(input));
    if (failures.length > 0 && (check === everyNodeAnswers || check === everyHolderIsKnown)) return failures;
  }
  return failures;
}
