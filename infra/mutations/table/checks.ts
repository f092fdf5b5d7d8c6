import { type Mutation, mutationsOf } from '../mutation.ts';

const core = 'packages/core/src';

/** Each check of the preflight, blind to one thing that it looks at. */
export const checks: Mutation[] = [
  ...mutationsOf(`${core}/checks/nodes.ts`, [
    ['everyNodeAnswers', 'return [...missing];', 'return missing.slice(1);'],
    ['nothingIsUnderWay', '    underWay.map(\n', '    underWay.slice(1).map(\n'],
    [
      'everyHolderIsKnown: declared',
      '!observations.some((one) => one.node === node && holderIn([one], holder))',
      '!holderIn(observations, holder)',
    ],
    [
      'everyHolderIsKnown: not declared',
      'wanted.some(([one, where]) => one === holder && where === node)',
      'wanted',
    ],
    ['everyHolderIsKnown: elsewhere', 'one === holder && where === node', 'one === holder'],
    [
      "everyHolderIsKnown: the agent's own client",
      'holder !== agentClient(node)',
      "!holder.startsWith('client/agent-')",
    ],
    [
      'nodesFindNoProblem',
      'holders.flatMap(({ problems }) => problems)',
      'holders.slice(1).flatMap(({ problems }) => problems)',
    ],
    [
      'everySlotIsSeen',
      '.filter((slot) => seen[slot] === undefined)',
      '.filter((slot) => seen[slot] === null)',
    ],
    ['clocksAreClose looks into the past', 'Math.max(Date.parse(askedAt) - Date.parse(at), ', 'Math.max('],
    ['clocksAreClose looks into the future', ', Date.parse(at) - Date.parse(now))', ')'],
  ]),
  ...mutationsOf(`${core}/checks/members.ts`, [
    [
      'everythingIsModelled: flags that could not be read',
      'member.flags\n      ? unmodelledFlags',
      'member\n      ? unmodelledFlags',
    ],
    ['everyMemberServes', '!status?.serves && problems', '!status && problems'],
    ['membersAreThoseOfTheFleet: one cluster', 'if (clusterIds.size > 1) {', 'if (clusterIds.size > 9) {'],
    [
      'membersAreThoseOfTheFleet: no member twice',
      'if (ids.length !== new Set(ids).size) {',
      'if (ids.length < 0) {',
    ],
    [
      'membersAreThoseOfTheFleet: nobody more',
      'if (unknown.size === 0) return [];',
      'if (unknown.size >= 0) return [];',
    ],
    [
      'membersAreThoseOfTheFleet: nobody less',
      'if (without.length === 0) return [];',
      'if (without.length >= 0) return [];',
    ],
    ['oneLeaderEverywhere', '`${status.leader} in term ${status.raftTerm}` : []', '`${status.leader}` : []'],
    ['noLearner', 'isLearner || clientUrls.length === 0)', 'clientUrls.length === 0)'],
    ['noLearner: unstarted', 'isLearner || clientUrls.length === 0)', 'isLearner)'],
    ['noAlarm', 'return [...alarms].map(', 'return [...alarms].slice(1).map('],
    ['memberCanBeSpared', 'if (serving - 1 >= majority) return [];', 'if (serving >= majority) return [];'],
    [
      'memberCanBeSpared: one or two voters',
      'if (request.acceptDowntime) return [];',
      'if (cluster) return [];',
    ],
    ['rightsAreThere', "status.auth === 'off' || status.auth === 'root'", "status.auth !== 'limited'"],
  ]),
  ...mutationsOf(`${core}/checks/versions.ts`, [
    ['versionsAreKnown', 'status && !factsFor(status.version)', '!status'],
    ['versionsAreNotNewer', 'status && isNewer(status.version)', '!status'],
    ['crlsAreReadable', "?.format === 'pem' && !facts.readsPemCrl", "?.format === 'pem' && !facts"],
    ['crlsAreEnforced', ' && !facts.enforcesCrlBesideHttp', ' && !facts'],
    ['listsAreReadAsLists', '.length > 1 && !facts.takesLists', '.length > 1 && !facts'],
  ]),
  ...mutationsOf(`${core}/checks/endpoints.ts`, [
    ['endpointsAreTheMembersOwn: clients', ' url: endpoint,', ' url: undefined,'],
    ['endpointsAreTheMembersOwn: peers', ' url: peerEndpoint,', ' url: undefined,'],
    ['endpointsAreTheMembersOwn: every address', 'listensEverywhere(flag) &&', 'flag &&'],
    [
      'endpointsAreTheMembersOwn: loopback',
      'isLoopback(host) && observations',
      "host === '' && observations",
    ],
    ['endpointsAreTheMembersOwn: the only node', ' && observations.length > 1', ''],
    [
      'everyAdvertisedUrlHasTls: peers',
      '!saidByFlag.includes(url)), ...peerUrls]',
      '!saidByFlag.includes(url))]',
    ],
    [
      'everyAdvertisedUrlHasTls: clients',
      '[...clientUrls.filter((url) => !saidByFlag.includes(url)), ...peerUrls]',
      '[...peerUrls]',
    ],
  ]),
  ...mutationsOf(`${core}/checks/dates.ts`, [
    [
      'everyCertificateIsInDate',
      'if (!when) return [];\n      const what',
      'if (when !== null) return [];\n      const what',
    ],
    [
      'everyCertificateIsInDate: the horizon',
      'Date.parse(notAfter) > at + policy.horizon',
      'Date.parse(notAfter) > at',
    ],
    ['everyIssuerIsInDate', 'if (!when) continue;', 'if (when !== null) continue;'],
    [
      'noLeafOutlivesItsCa: observed',
      '!last || Date.parse(leaf.facts.notAfter) <= Date.parse(last.facts.notAfter)',
      '!last || !leaf.pem.includes(leaf.pem[0] + leaf.pem)',
    ],
    ['noLeafOutlivesItsCa: new CA', 'return ca.validity >= leaf.validity\n', 'return ca.validity >= 0\n'],
    [
      'noLeafOutlivesItsCa: held CA',
      'at + leaf.validity > Date.parse(facts.notAfter)',
      'at > Date.parse(facts.notAfter)',
    ],
  ]),
  ...mutationsOf(`${core}/checks/names.ts`, [
    [
      'namesCoverWhatIsDialled',
      'if (input.covers(leaf, host)) return willBe',
      'if (input.covers(leaf, host) || host) return willBe',
    ],
    [
      'namesCoverWhatIsDialled: what it will be',
      'return willBe ? [] : dropped(',
      'return host ? [] : dropped(',
    ],
    ['namesCoverWhatIsDialled: dialled too', 'if (isListenedOnAlone && willBe)', 'if (willBe)'],
    ['namesCoverWhatIsDialled: listened on', 'isListenedOnAlone && willBe', 'isListenedOnAlone'],
    ['namesCoverWhatIsDialled: mended', 'if (isListenedOnAlone && willBe) return [];', ''],
    ['namesCoverSourceAddresses', 'if (!covered(there.leaf, { there, address }, input)) {', 'if (!there) {'],
    ['namesCoverSourceAddresses: not seen', 'if (address === undefined) {\n', 'if (address === null) {\n'],
    [
      'namesCoverSourceAddresses: what it will be',
      'return covered(after, { there, address }, input)\n',
      'return covered(there.leaf, { there, address }, input)\n',
    ],
    [
      'sourceAddressesAreNamedWithoutDns',
      '!checksNames(leaf) || input.covers(leaf, address)) return [];\n    if',
      '!checksNames(leaf) || input) return [];\n    if',
    ],
  ]),
  ...mutationsOf(`${core}/checks/certificates.ts`, [
    [
      'usagesAreThere',
      'leaf.facts.usages.length > 0 && !leaf.facts.usages.includes(usage)',
      'leaf.facts.usages.length > 9',
    ],
    [
      'bundlesInUseAreKnown: members',
      'inUse(contents, known) === undefined',
      'inUse(contents, known) === null',
    ],
    ['bundlesInUseAreKnown: clients', "holder.startsWith('member/') && inUse", "holder !== 'x' && inUse"],
    [
      'whatLiesOnDiskIsPresented',
      'contents.served !== undefined && contents.served !== leaf.facts.fingerprint',
      'contents.served === null',
    ],
    ['gatewaysAreLetIn', 'if (verdict.accepted) return [];', 'if (verdict) return [];'],
    ['gatewaysAreLetIn: allowed names', "valuesOf(flags['client-cert-allowed-hostname']).length > 0 ||", ''],
    ['gatewaysAreLetIn: off', "flags['enable-grpc-gateway'] === 'false' ||", ''],
  ]),
  ...mutationsOf(`${core}/checks/common-names.ts`, [
    [
      'commonNamesLetInAsBefore: another user',
      "if (auth.every((one) => one === 'off')) return [];",
      'if (auth.every((one) => one !== null)) return [];',
    ],
    [
      'commonNamesLetInAsBefore: a peer',
      "if (allowed.includes(next.facts.commonName ?? '')) return [];",
      'if (next) return [];',
    ],
  ]),
  ...mutationsOf(`${core}/checks/files.ts`, [
    ['sharedFilesGoTogether: a leaf and a bundle', 'if (kinds.size > 1) {', 'if (kinds.size > 9) {'],
    [
      'sharedFilesGoTogether: a member and another process',
      "holders.size > 1 && [...holders].some((holder) => holder.startsWith('member/'))",
      'holders.size > 9',
    ],
    ['sharedFilesGoTogether: both domains', 'if (missing.length > 0) {', 'if (missing.length > 9) {'],
    ['sharedFilesGoTogether: two CAs', 'targets.client !== targets.peer', 'targets.client === null'],
    [
      'sharedFilesGoTogether: one leaf says one thing',
      'if (new Set(said).size < 2) return undefined;',
      'if (said) return undefined;',
    ],
  ]),
  ...mutationsOf(`${core}/checks/cas.ts`, [
    [
      'casOfOneNameAreToldApart',
      'if (without) return `${short(without)} has no',
      'if (!cas) return `${short(without)} has no',
    ],
    [
      'casOfOneNameAreToldApart: leaves',
      'facts.issuer === cas[0].facts.subject && facts.authorityKeyId === undefined',
      'facts.issuer === undefined',
    ],
    [
      'targetHasAKeyOfItsOwn',
      'ca.facts.fingerprint !== target.facts.fingerprint && hasSameKey(ca, target)',
      'ca.facts.fingerprint === undefined',
    ],
    ['targetHasAKeyOfItsOwn: a re-issue', 'if (request.reissue) return [];', ''],
    ['issuersAreHeld', 'if (left.length === 0) return [];', 'if (left.length >= 0) return [];'],
    ['noOtherCasStay', 'if (others.length === 0) return [];', 'if (others.length >= 0) return [];'],
    [
      'noOtherCasStay: named ones leave',
      '.filter(({ facts }) => !request.retire.some((word) => facts.fingerprint.startsWith(word)))',
      '',
    ],
  ]),
];
