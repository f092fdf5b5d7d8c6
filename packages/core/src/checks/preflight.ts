import type { Failure, FailureCode, PlannedFrom } from '@etcd-rotate/protocol';
import { casOfOneNameAreToldApart, issuersAreHeld, noOtherCasStay, targetHasAKeyOfItsOwn } from './cas.ts';
import {
  bundlesInUseAreKnown,
  gatewaysAreLetIn,
  usagesAreThere,
  whatLiesOnDiskIsPresented,
} from './certificates.ts';
import type { Check, CheckInput } from './check.ts';
import { commonNamesLetInAsBefore } from './common-names.ts';
import { everyCertificateIsInDate, everyIssuerIsInDate, noLeafOutlivesItsCa } from './dates.ts';
import { endpointsAreTheMembersOwn, everyAdvertisedUrlHasTls } from './endpoints.ts';
import { sharedFilesGoTogether } from './files.ts';
import {
  everyMemberServes,
  everythingIsModelled,
  memberCanBeSpared,
  membersAreThoseOfTheFleet,
  noAlarm,
  noLearner,
  oneLeaderEverywhere,
  rightsAreThere,
} from './members.ts';
import {
  namesCoverSourceAddresses,
  namesCoverWhatIsDialled,
  sourceAddressesAreNamedWithoutDns,
} from './names.ts';
import {
  clocksAreClose,
  everyHolderIsKnown,
  everyNodeAnswers,
  everySlotIsSeen,
  nodesFindNoProblem,
  nothingIsUnderWay,
} from './nodes.ts';
import { clusterIsThePlannedOne } from './plan.ts';
import {
  crlsAreEnforced,
  crlsAreReadable,
  listsAreReadAsLists,
  versionsAreKnown,
  versionsAreNotNewer,
} from './versions.ts';

type Look = Check['look'];

const refuses = (look: Look, ...codes: FailureCode[]): Check => ({
  ...{ name: look.name, severity: 'refuses', codes, look },
});
const warns = (look: Look, ...codes: FailureCode[]): Check => ({
  ...{ name: look.name, severity: 'warns', codes, look },
});

/** Why an observation may not have come. */
const ofTheWay: FailureCode[] = [
  ...(['node-away', 'nats-away', 'nats-refused', 'not-signed', 'not-for-us', 'old-epoch'] as const),
  ...(['too-late', 'bad-message', 'unknown-version'] as const),
];

/** What a node may find wrong with its own holders. */
const ofNodes: FailureCode[] = [
  ...(['bad-file', 'bad-certificate', 'bad-bundle', 'key-mismatch', 'key-unreadable'] as const),
  ...(['crl-unusable', 'no-disk-space', 'operator-managed', 'not-modelled', 'slots-differ'] as const),
  ...(['single-file-mount', 'restart-unusable', 'process-not-found', 'changed-by-others'] as const),
  ...(['not-reached', 'member-unhealthy', 'permission-missing', 'shared-file'] as const),
];

/** The preflight, in the order in which a person would ask. */
export const preflight: readonly Check[] = [
  refuses(everyNodeAnswers, ...ofTheWay),
  refuses(nothingIsUnderWay, 'rotation-under-way'),
  refuses(everyHolderIsKnown, 'unknown-holder'),
  refuses(nodesFindNoProblem, ...ofNodes),
  refuses(everySlotIsSeen, 'bad-certificate'),
  refuses(everythingIsModelled, 'not-modelled'),
  refuses(versionsAreKnown, 'not-modelled'),
  warns(versionsAreNotNewer, 'newer-version'),
  refuses(everyMemberServes, 'member-unhealthy'),
  refuses(membersAreThoseOfTheFleet, 'members-differ'),
  refuses(endpointsAreTheMembersOwn, 'members-differ'),
  refuses(everyAdvertisedUrlHasTls, 'not-modelled'),
  refuses(oneLeaderEverywhere, 'not-agreed'),
  refuses(noLearner, 'learner-present'),
  refuses(noAlarm, 'alarm-raised'),
  refuses(memberCanBeSpared, 'quorum-at-risk', 'downtime-not-accepted'),
  refuses(rightsAreThere, 'permission-missing'),
  refuses(clocksAreClose, 'clocks-apart'),
  refuses(everyCertificateIsInDate, 'certificate-expired'),
  refuses(everyIssuerIsInDate, 'certificate-expired'),
  warns(noLeafOutlivesItsCa, 'leaf-outlives-ca'),
  refuses(namesCoverWhatIsDialled, 'names-missing'),
  refuses(namesCoverSourceAddresses, 'names-missing'),
  warns(sourceAddressesAreNamedWithoutDns, 'names-by-dns'),
  refuses(usagesAreThere, 'usages-missing'),
  refuses(commonNamesLetInAsBefore, 'common-name-changes'),
  refuses(listsAreReadAsLists, 'common-name-changes', 'not-modelled'),
  refuses(crlsAreReadable, 'crl-unusable'),
  refuses(crlsAreEnforced, 'crl-unusable'),
  refuses(whatLiesOnDiskIsPresented, 'not-presented'),
  refuses(bundlesInUseAreKnown, 'bundle-not-loaded'),
  refuses(gatewaysAreLetIn, 'gateway-refused'),
  refuses(sharedFilesGoTogether, 'shared-file'),
  refuses(casOfOneNameAreToldApart, 'same-name'),
  refuses(targetHasAKeyOfItsOwn, 'same-key'),
  refuses(issuersAreHeld, 'ca-not-held'),
  warns(noOtherCasStay, 'others-stay'),
];

/** Where not everybody and everything is seen, the rest could only repeat that in other words. */
const firstOfAll: readonly Look[] = [everyNodeAnswers, nothingIsUnderWay, everyHolderIsKnown];

/**
 * Before a held rotation goes on: the cluster is still the one that was planned for. What the rotation itself left half
 * done, as a member that is down, is for the agents and the gate.
 */
export const beforeResume: readonly Check[] = preflight.filter(({ look }) =>
  ([everyNodeAnswers, noLearner, noAlarm, clocksAreClose] as Look[]).includes(look),
);

/**
 * Before a rotation goes back: as before it went out, but for what concerns new CAs and new leaves. What it goes back to
 * was there before.
 */
export const beforeWayBack: readonly Check[] = preflight.filter(
  ({ look }) =>
    !([noLeafOutlivesItsCa, targetHasAKeyOfItsOwn, issuersAreHeld, noOtherCasStay] as Look[]).includes(look),
);

export function refusalsOf(input: CheckInput): Failure[] {
  return ask(preflight, 'refuses', input);
}

/** What a person should know before he agrees to a plan; asked where nothing is refused. */
export function warningsOf(input: CheckInput): Failure[] {
  return ask(preflight, 'warns', input);
}

/** @param plannedFrom what the plan of the rotation was made from */
export function resumeRefusalsOf(input: CheckInput, plannedFrom: PlannedFrom): Failure[] {
  const away = everyNodeAnswers(input);
  if (away.length > 0) return away;
  return [...clusterIsThePlannedOne(input, plannedFrom), ...ask(beforeResume, 'refuses', input)];
}

/** @param plannedFrom what the plan that it was started with was made from */
export function wayBackRefusalsOf(input: CheckInput, plannedFrom: PlannedFrom): Failure[] {
  const refusals = ask(beforeWayBack, 'refuses', input);
  const isSeen = input.missing.length === 0;
  return isSeen ? [...clusterIsThePlannedOne(input, plannedFrom), ...refusals] : refusals;
}

function ask(checks: readonly Check[], severity: Check['severity'], input: CheckInput): Failure[] {
  const failures: Failure[] = [];
  for (const check of checks) {
    if (check.severity !== severity) continue;
    failures.push(...check.look(input));
    if (failures.length > 0 && firstOfAll.includes(check.look)) return failures;
  }
  return failures;
}
