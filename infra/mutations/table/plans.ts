import { type Mutation, mutationsOf } from '../mutation.ts';

const core = 'packages/core/src';

/** What a rotation does, and in which order. */
export const plans: Mutation[] = [
  ...mutationsOf(`${core}/stages.ts`, [
    [
      'trust asks for what is loaded, not only for what lies there',
      'holds.every((contents) => has(contents, target))',
      'has(onDisk, target)',
    ],
    [
      'trust keeps what lies in a bundle',
      'bundle: [...onDisk.map(seen), ...targets.filter(',
      'bundle: [...targets.filter(',
    ],
    ['trust adds no CA twice', '...targets.filter((target) => !has(onDisk, target))]', '...targets]'],
    [
      'trust leaves alone who trusts already',
      'if (!isBundle || isTrue) return undefined;',
      'if (!isBundle) return undefined;',
    ],
    ['trust asks for what a client has read', 'const isTrue = isLoaded && ', 'const isTrue = '],
    [
      'issue replaces leaves alone',
      'isBundle ? undefined : wanting.leafFor(onDisk)',
      'wanting.leafFor(onDisk)',
    ],
    [
      'retire takes the old CA out',
      'onDisk.filter((ca) => !leaves(ca) && !targets',
      'onDisk.filter((ca) => !targets',
    ],
    ['retire leaves the CAs of others', 'bundle: [...stays.map(seen), ...targets]', 'bundle: [...targets]'],
    [
      'retire leaves alone who does not have the old CA',
      'if (!isBundle || !holds.some((contents) => contents.some(leaves))) return undefined;',
      'if (!isBundle) return undefined;',
    ],
    [
      'retire asks for what is loaded too',
      '!holds.some((contents) => contents.some(leaves))',
      '!onDisk.some(leaves)',
    ],
    [
      'a CA that is a target does not leave',
      'const old = wanting.old.filter((ca) => !targets.some((target) => isTarget(ca, target)));',
      'const { old } = wanting;',
    ],
    ['a renewal is of leaves alone', "renew: ['issue'],", "renew: ['trust', 'issue', 'retire'],"],
    [
      'trust comes before issue',
      "staged: ['trust', 'issue', 'retire'],",
      "staged: ['issue', 'trust', 'retire'],",
    ],
    [
      'retire comes after issue',
      "staged: ['trust', 'issue', 'retire'],",
      "staged: ['trust', 'retire', 'issue'],",
    ],
  ]),
  ...mutationsOf(`${core}/steps.ts`, [
    [
      'the leader goes last',
      'return [...followers, leader].filter(',
      'return [leader, ...followers].filter(',
    ],
    ['members go one at a time', '    group += 2;\n', ''],
    ['proofs come after the change', '{ group: group + 1, final }', '{ group, final }'],
    [
      'every node looks',
      'return cluster.members.map(({ name, node }) => ({\n    id: `${stage}-${holderName(changed)}-seen-by',
      'return cluster.members.slice(1).map(({ name, node }) => ({\n    id: `${stage}-${holderName(changed)}-seen-by',
    ],
    [
      'the leader hands over',
      'const handOverTo = holder === leader ? heir(input, members, leader) : undefined;',
      'const handOverTo = undefined;',
    ],
    [
      'only the leader hands over',
      'const handOverTo = holder === leader ? heir(input, members, leader) : undefined;',
      'const handOverTo = heir(input, members, leader);',
    ],
    [
      'the heir is the member that was done first',
      '[...inStage, ...members.map(({ holder }) => holder)].find(',
      'members.map(({ holder }) => holder).toReversed().find(',
    ],
    [
      'a member that does not restart keeps the lead',
      "...(handOverTo && taken === 'restart' ? { handOverTo } : {}),",
      '...(handOverTo ? { handOverTo } : {}),',
    ],
    [
      'the next stage goes by who leads then',
      'if (restarted) leader = heir(input, changing(input, stage, leader), leader) ?? leader;',
      '',
    ],
    ['who did not restart still leads in the next stage', 'if (restarted) leader =', 'leader ='],
    [
      "an agent's client changes beside no member of its node",
      '.filter((node) => node !== nodeOf(input.cluster, holder))',
      '',
    ],
    ["every agent's client changes", 'return [...steps, ...takeAgents([...agents])];', 'return steps;'],
    ['clients go one at a time', '{ group: group + i }', '{ group }'],
    [
      'clients go before the members at retire',
      "if (stage === 'retire') steps.push(",
      'if (!stage) steps.push(',
    ],
    [
      'clients go after the members before retire',
      "if (stage !== 'retire') steps.push(",
      'if (!stage) steps.push(',
    ],
    [
      'the last look is the final one',
      'const final = stage === lastStage(input) && holder === members.at(-1);',
      'const final = false;',
    ],
    [
      'only the last look is final',
      'const final = stage === lastStage(input) && holder === members.at(-1);',
      'const final = true;',
    ],
    [
      'slots of one file are changed together',
      'other === slot || party.files.get(other) === file',
      'other === slot',
    ],
    ['every-stage restarts in each stage', 'leavesAlone && !everyStage ?', 'leavesAlone ?'],
    ['a bundle is taken by a restart', 'leavesAlone && !everyStage ?', '!everyStage ?'],
    [
      'a renewal restarts no member',
      "input.restarts === 'every-stage' && input.strategy === 'staged'",
      "input.restarts === 'every-stage'",
    ],
    ['clients take files in their own way', "holder.startsWith('member/') && leavesAlone", 'leavesAlone'],
    [
      'every node is prepared, those of clients alone as well',
      'for (const { node, name } of cluster.clients) nodes.set(',
      'for (const { node, name } of []) nodes.set(',
    ],
    [
      'a snapshot is taken through a follower',
      'members.find(({ holder }) => holder !== leader) ?? members[0]',
      'members.find(({ holder }) => holder === leader)',
    ],
    [
      'no snapshot is taken where the policy says so',
      "cluster.policy.snapshot === 'off' || !reader",
      '!reader',
    ],
    [
      'a snapshot is required where the policy says so',
      "required: cluster.policy.snapshot === 'required'",
      'required: false',
    ],
  ]),
  ...mutationsOf(`${core}/domains.ts`, [
    [
      'the old CAs are those that issued what is presented',
      'distinct([...issuers, ...named])',
      'distinct([...named])',
    ],
    ['a CA that is named leaves', 'distinct([...issuers, ...named])', 'distinct([...issuers])'],
    ['the target is not an old CA', '.filter((ca) => !is(ca, targetCa));', ';'],
    [
      'a renewal lets no CA leave',
      "request.strategy === 'renew' ? [] : leaving(",
      '!request ? [] : leaving(',
    ],
    [
      'a word for no CA or for two is refused',
      'if (called.length === 1) return [];',
      'if (called.length >= 0) return [];',
    ],
    [
      'domains with one CA end on one new CA',
      "isShared ? 'new-ca' : `new-${domain}-ca`",
      '`new-${domain}-ca`',
    ],
    ['domains with two CAs get two new ones', "isShared ? 'new-ca' : `new-${domain}-ca`", "'new-ca'"],
    [
      'a CA that is not held is no target',
      "  if (certificate) return ok({ role: 'held', name, certificate });",
      "  if (!certificate) return ok({ role: 'new', name });\n  if (certificate) return ok({ role: 'held', name, certificate });",
    ],
    [
      'a renewal of leaves of two CAs is refused',
      'issuers.some(({ facts }) => facts.publicKey !== issuer.facts.publicKey)',
      'issuers.length > 9',
    ],
    [
      'a renewal needs the key of the CA',
      "if (found) return ok({ role: 'held', name: found[0], certificate: found[1] });",
      "return ok({ role: 'held', name: found?.[0] ?? '', certificate: issuer });",
    ],
    [
      'leaves that nobody accepts are refused',
      '      continue;\n    }\n    const verdict',
      '    }\n    continue;\n    const verdict',
    ],
    [
      'a leaf of the target is known by its signature',
      "targetCa !== undefined && issuersOf(chain, [targetCa], 'clientAuth', verify).length > 0",
      'targetCa !== undefined',
    ],
    [
      'others are neither old nor the target',
      '.filter((ca) => !is(ca, targetCa) && !old.some((one) => is(one, ca)))',
      '',
    ],
  ]),
  ...mutationsOf(`${core}/leaves.ts`, [
    [
      'a leaf with another kind of key is replaced',
      '(leaf.key === undefined || facts.keyKind === leaf.key) &&',
      '',
    ],
    [
      'a leaf with another common name is replaced',
      '(commonName === undefined || facts.commonName === commonName) &&',
      '',
    ],
    [
      'a leaf that lacks a name is replaced',
      'addNames[kind].every((name) => has(kind, name) || dropped(dropNames, kind, name)),',
      'addNames[kind].every(() => true),',
    ],
    ['a name that is added and dropped is not waited for', ' || dropped(dropNames, kind, name)', ''],
    [
      'a leaf with a name too many is replaced',
      '!dropNames[kind].some((name) => has(kind, name))',
      '!dropNames[kind].some(() => false)',
    ],
    [
      'names are the same in upper case',
      'one.toLowerCase() === name.toLowerCase());\n  const kinds',
      'one === name);\n  const kinds',
    ],
    ['what is due would be outlived by a tenth', '>= validity / 10', '> 0'],
    [
      'a leaf that ends with its CA is not due',
      'Math.min(Date.parse(issuer.facts.notAfter), Date.parse(now) + validity)',
      'Date.parse(now) + validity',
    ],
    [
      'common names of clients are changed',
      "[leafKey(`client/${name}`, 'client-leaf'), { ...unchanged, commonName }]",
      "[leafKey(`client/${name}`, 'client-leaf'), unchanged]",
    ],
  ]),
  ...mutationsOf(`${core}/plan.ts`, [
    [
      'restarts of the request come before those of the policy',
      'request.restarts ?? policy.restarts',
      'policy.restarts',
    ],
    [
      'a cluster without a leader has no plan',
      'if (!leader?.status) {',
      'if (!leader?.status && !members[0]) {',
    ],
    [
      'a way back spares every restart',
      "return { ...policy, restarts: 'when-needed', snapshot: 'off', confirmRetire: false, approvals: 1 };",
      "return { ...policy, snapshot: 'off', confirmRetire: false, approvals: 1 };",
    ],
    [
      'a way back is for itself to hold',
      "snapshot: 'off', confirmRetire: false, approvals: 1 };",
      "snapshot: 'off', approvals: 1 };",
    ],
    [
      'a way back needs no second operator',
      'confirmRetire: false, approvals: 1 };',
      'confirmRetire: false };',
    ],
    [
      'the policy may ask to confirm',
      'confirmRetire: request.confirmRetire || policy.confirmRetire',
      'confirmRetire: request.confirmRetire',
    ],
    [
      'a plan at its target is refused',
      "if (!steps.some(({ action }) => action.type === 'change')) {",
      'if (steps.length === 0) {',
    ],
    [
      'what the proof rests on besides is part of the digest',
      'input.hash(JSON.stringify(circumstances(observations)))',
      "''",
    ],
    ['the slots are part of the digest', 'slots: fingerprints(world),', 'slots: {},'],
    [
      'the digest is of what was planned',
      'digest: input.hash(JSON.stringify(undigested))',
      'digest: input.hash(JSON.stringify(undigested.steps))',
    ],
    ['the revision is the smallest that any member has', 'Math.min(...members', 'Math.max(...members'],
  ]),
  ...mutationsOf(`${core}/goal.ts`, [
    [
      'a leaf of the target stays',
      'domain.isOfTarget(chain) && isAsWanted(leaf, change, profile) ? undefined : target',
      'target',
    ],
    [
      'a leaf of the target that says something else is replaced',
      'domain.isOfTarget(chain) && isAsWanted(leaf, change, profile) ? undefined : target',
      'domain.isOfTarget(chain) ? undefined : target',
    ],
    ['a renewal of all asks for no date', "request.leaves === 'all' || !isLoaded ||", '!isLoaded ||'],
    [
      'a leaf that says something else is due',
      '!isLoaded || !isAsWanted(leaf, change, profile)) return target',
      '!isLoaded) return target',
    ],
    [
      'what is not due stays',
      'return issuer && isDue(leaf, { issuer, profile, now }) ? target : undefined;',
      'return target;',
    ],
    [
      'what a client has not read is replaced',
      'isLoaded && domain.isOfTarget(chain)',
      'domain.isOfTarget(chain)',
    ],
  ]),
  ...mutationsOf(`${core}/way-back.ts`, [
    [
      'a way back forgets the new CA',
      'old: made && made.facts.fingerprint !== issuer.facts.fingerprint ? [made] : [],',
      'old: [],',
    ],
    [
      'a way back that keeps the new CA has no retire',
      "keepNewCa ? stagesBack.filter((stage) => stage !== 'retire') : stagesBack",
      'stagesBack',
    ],
    [
      'a way back leaves alone what is back',
      'return isBack && isLoaded ? undefined : leaves.value',
      'return leaves.value',
    ],
    [
      'a leaf that was kept and ends too soon is not put back',
      'const lasts = Date.parse(leaf.facts.notAfter) > needed;',
      'const lasts = needed > 0;',
    ],
    [
      'a way back ends on the bundles of before',
      "slots[slot].holds === 'bundle' ? then(holder, slot).map(seenRef) : []",
      '[]',
    ],
    [
      'a CA that can sign shows what is loaded',
      'target: heldRef(issuer, input.held) ?? seenRef(issuer),',
      'target: seenRef(issuer),',
    ],
  ]),
  ...mutationsOf(`${core}/hold-before.ts`, [
    ['an operator may hold', "state.status === 'holding') {", "state.status === 'held') {"],
    ['what was begun is brought to its end', ' && !isOneBegun(group, rotation);', ';'],
    [
      'looking is not held',
      "group.some(({ action }) => action.type !== 'prove') && !isOneBegun",
      '!isOneBegun',
    ],
    ['a second operator is waited for', 'if (approval) return needsApproval(approval, rotation);', ''],
    ['only who asked for it confirms', '!plan.policy.confirmRetire || ', ''],
    ['who has confirmed goes on', '= rotation.mayRefuse || ', '= '],
    ['an approval confirms as well', ' || rotation.approved.retire !== undefined;', ';'],
    ['it holds before the first step that refuses', '!isThere || ', ''],
  ]),
  ...mutationsOf(`${core}/prove-plan.ts`, [
    ['the cluster is proven as it is', 'strangers: asItIs.refusals.map(describeRefusal),', 'strangers: [],'],
    [
      'a step is proven in its middle',
      'during(seen, holder, contents), world);\n    const',
      'after(seen, holder, contents), world);\n    const',
    ],
    [
      'the next step is proven after this one',
      'world = changes.reduce((seen, { holder, contents }) => after(seen, holder, contents), world);',
      '',
    ],
    [
      'a group is proven together',
      'new Set(changes.map(({ holder }) => holder))',
      'new Set(changes.slice(0, 1).map(({ holder }) => holder))',
    ],
    [
      'what a restart did is undone by a restart',
      "taken === 'restart' ? 'with-restart'",
      "taken === 'reload' ? 'with-restart'",
    ],
  ]),
  ...mutationsOf(`${core}/estimate.ts`, [
    [
      'restarts of members are those of members',
      'ofMembers.filter(({ taken }) => taken ===',
      'changes.filter(({ taken }) => taken ===',
    ],
    ['the only member elects itself', 'members.length === 1 ? 1.5', 'members.length === 0 ? 1.5'],
    ['settling takes its time at each member', '+ gate + policy.settle', '+ gate'],
    ['an agent beside a member takes no time', 'beside.has(group) ? 0 : parts.agent', 'parts.agent'],
    [
      'there is a way back while the key of the old CA is held',
      'if (old.every(({ facts }) => heldPrints.has(facts.fingerprint))) return undefined;',
      '',
    ],
    [
      'there is no way back from the first retired bundle on',
      "steps.find(({ stage, action }) => stage === 'retire' && action.type === 'change')",
      "steps.find(({ action }) => action.type === 'change')",
    ],
  ]),
];
