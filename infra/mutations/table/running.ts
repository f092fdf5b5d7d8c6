import { type Mutation, mutationsOf } from '../mutation.ts';

const core = 'packages/core/src';

/** What is looked at before the next step, and right before a change is sent. */
export const running: Mutation[] = [
  ...mutationsOf(`${core}/gate.ts`, [
    [
      'the gate wants every proof to hold',
      'if (!first) return undefined;\n  // Several',
      'if (first) return undefined;\n  // Several',
    ],
    [
      'the gate wants no alarm',
      'if (alarms.length === 0) return undefined;',
      'if (looks.length > 0) return undefined;',
    ],
    [
      'the gate wants every member looked at twice',
      'outcome.value.looks.length < 2',
      'outcome.value.looks.length < 1',
    ],
    ['the gate wants the planned cluster', 'look.clusterId !== plannedFrom.clusterId || ', ''],
    ['the gate wants the planned members to answer', ' || !ids.includes(look.memberId)', ''],
    ['the gate wants nobody to have joined', 'members.some((id) => !ids.includes(id)) || ', ''],
    ['the gate wants nobody to have left', ' || members.length < ids.length', ''],
    ['the gate wants data that was not taken back', 'look.revision < revision', 'look.revision < 0'],
    ['the gate wants one leader', '`leader ${leader} in term ${raftTerm}`', '`term ${raftTerm}`'],
    ['the gate wants one term', '`leader ${leader} in term ${raftTerm}`', '`leader ${leader}`'],
    [
      'the gate wants everybody caught up',
      'committed - appliedIndex > caughtUpWithin',
      'committed - appliedIndex > 1_000_000',
    ],
  ]),
  ...mutationsOf(`${core}/rotation.ts`, [
    ['what an earlier attempt began is begun', 'wasBegun === true || ', ''],
    ['a request begins nothing', "body.type !== 'request'", 'body.type.length > 0'],
  ]),
  ...mutationsOf(`${core}/approval.ts`, [
    [
      'one person is enough where the policy says so',
      'if (plan.policy.approvals === 1) return undefined;',
      '',
    ],
    ['it is approved before it begins', "if (approved.start === undefined) return 'start';", ''],
    [
      'it is approved before old leaves are refused',
      "group.some(refusesOldLeaves) ? 'retire'",
      "!group ? 'retire'",
    ],
    ['what was approved is not asked for again', 'approved.retire === undefined && ', ''],
    ['only a change of retire refuses', "stage === 'retire' && action.type", 'action.type'],
    [
      'what is held for something else waits for no approval',
      " || state.failure.code !== 'needs-approval'",
      '',
    ],
    [
      'an agent that says so makes nobody wait',
      'return approvalBefore(currentGroup(rotation), rotation);',
      "return 'retire';",
    ],
    [
      'who asked for it does not approve it',
      'if (operator !== rotation.operator) return',
      'if (operator) return',
    ],
  ]),
  ...mutationsOf(`${core}/verbs.ts`, [
    ['what waits for a second operator is not resumed', 'isAwaitingApproval: false,\n', '\n'],
    ['what waits for nobody is not approved', 'isAwaitingApproval: true,\n', '\n'],
  ]),
  ...mutationsOf(`${core}/apply.ts`, [
    [
      'only what waits for it is approved',
      'return awaited.ok && awaited.value === body.before;',
      'return true;',
    ],
    ['what is approved is what is waited for', 'awaited.ok && awaited.value === body.before', 'awaited.ok'],
    [
      'a second operator is written down',
      'approved: { ...rotation.approved, [body.before]: body.operator },',
      '',
    ],
    [
      'what was lost is prepared once more after an approval',
      '...resumed(rotation, body.prepareAgain),',
      '...resumed(rotation),',
    ],
    [
      'what was kept is there, canary or not',
      "isCanaryLost(result) && command?.body.type === 'prove'",
      'isCanaryLost(result) && command',
    ],
    [
      'a confirmed rotation goes on',
      "rotation.mayRefuse || state.failure.code === 'confirm-retire'",
      'rotation.mayRefuse',
    ],
    [
      'only what is held turns',
      "case 'turned':\n      return status === 'held';",
      "case 'turned':\n      return status !== 'finished';",
    ],
  ]),
  ...mutationsOf(`${core}/groups.ts`, [
    [
      'a group is done when every command was answered',
      '!group.every((step) => isAnswered(step, progress[step.id])) ||',
      '',
    ],
    ['a group is done when its gate passed', ') !== undefined,\n', ') === null,\n'],
    ['an answer that says no is none', 'outcome.ok || mayFail(step)', 'outcome !== undefined'],
    [
      'only a snapshot that is not required may fail',
      "action.type === 'snapshot' && !action.required",
      "action.type === 'snapshot'",
    ],
  ]),
  ...mutationsOf(`${core}/groups-of.ts`, [
    ['groups are taken in the order of their numbers', '.sort(([a], [b]) => a - b)', ''],
  ]),
  ...mutationsOf(`${core}/installed.ts`, [
    [
      'a bundle without one of its CAs is not that bundle',
      'if (cas.length === target.bundle.length) contents.set(slot, cas);',
      'contents.set(slot, cas);',
    ],
    [
      'what is installed is what was signed for that slot',
      "'slot' in one.for && one.for.slot === slot",
      "'slot' in one.for",
    ],
    ['only a change installs', "command.body.type !== 'change' || step", 'step'],
  ]),
  ...mutationsOf(`${core}/next-move.ts`, [
    [
      'no certificate is asked for ahead of an approval',
      'if (approvalBefore(next, rotation)) return undefined;',
      '',
    ],
    [
      'a change is proven on the real certificates before it is sent',
      "type === 'change' ? strangerAfter(step, situation) : undefined",
      'undefined',
    ],
    [
      'half of that change is looked at',
      'strangers(during(worldNow(rotation), step.holder, contents), judge)',
      'strangers(worldNow(rotation), judge)',
    ],
    [
      'what is under way beside it is looked at',
      'during(worldNow(rotation), step.holder, contents)',
      'during(rotation.world, step.holder, contents)',
    ],
    [
      'certificates are valid for as long as the step may take',
      'aheadMs: rotation.plan.policy.stepTimeout',
      'aheadMs: 0',
    ],
    [
      'canaries that would end too soon are made again',
      'if (canariesEnd(progress, situation)) return',
      'if (!progress) return',
    ],
    [
      'a step that failed for good holds the rotation',
      '(isOld || failure.retryable) &&',
      '(isOld || !failure.retryable || failure.retryable) &&',
    ],
    [
      'a step that was put back is not tried again',
      "(isOld || failure.retryable) && decision !== 'restored' &&",
      '(isOld || failure.retryable) &&',
    ],
    [
      'what was seen before a resume is looked at again',
      '(isOld || failure.retryable) &&',
      'failure.retryable &&',
    ],
    ['a step is tried three times', 'situation.tries < tries.ofStep', 'situation.tries < 99'],
    [
      'a gate that members do not agree on is looked at again',
      'if (!failure.retryable || tried >= tries.ofGate || !first)',
      'if (failure || tried >= tries.ofGate || !first)',
    ],
    [
      'a gate is not looked at for ever',
      'if (!failure.retryable || tried >= tries.ofGate || !first)',
      'if (!failure.retryable || !first)',
    ],
    [
      'certificates are signed by the CA of the target',
      "target && 'leafOf' in target ? storeNameOf(rotation, target.leafOf) : undefined",
      'target && Object.values(rotation.cas)[0]?.name',
    ],
    [
      'a held rotation wants nothing',
      "if (status === 'held' || status === 'finished') return { type: 'rest' };",
      '',
    ],
  ]),
  ...mutationsOf(`${core}/checks/resume.ts`, [
    ['a resume asks whether files are as they were left', 'otherFile(contents, possible) ?? ', ''],
    [
      'a resume asks whether members have loaded what lies there',
      'if (has && possible.some((one) => prints(one) === prints(has))) return undefined;',
      'if (possible) return undefined;',
    ],
    [
      'a resume asks whether clients have read what lies there',
      'loaded !== false) return undefined;',
      '!loaded) return undefined;',
    ],
    [
      'a process that does not run has loaded nothing',
      "if (!process || !holder.startsWith('member/') ||",
      "if (!holder.startsWith('member/') ||",
    ],
  ]),
  ...mutationsOf('packages/runner/src/run-rotation.ts', [
    [
      'nobody is told who leads before it is approved',
      'if (isUnderWay(rotation) && isApproved) {',
      'if (isUnderWay(rotation)) {',
    ],
  ]),
  ...mutationsOf('apps/coordinator/src/answers/approve.ts', [
    ['who asked for it is refused to approve it', 'if (!before.ok) return refused(before.failure);', ''],
    ['the plan that is approved is the one that was seen', 'if (digest !== plan.digest) {', 'if (!digest) {'],
    ['a cluster that has changed is not gone on with', 'if (changed) return changed;', ''],
  ]),
  ...mutationsOf('apps/coordinator/src/lead/may-ask.ts', [
    [
      'who may look does not steer',
      'if (!known.readOnly || looking.includes(body.type)) return',
      'if (known) return',
    ],
    ['who may look does look', ' || looking.includes(body.type)', ''],
    ['who may steer does', '!known.readOnly || ', ''],
    ['who is no operator any more asks for nothing', 'if (!known) {', "if (operator === '') {"],
  ]),
  ...mutationsOf('packages/daemon/src/read-secret-file.ts', [
    ['a secret is nothing that others can read', 'if ((mode & 0o077) !== 0) {', 'if (mode === 0) {'],
    ['a secret is nothing that its group can read', '(mode & 0o077) !== 0', '(mode & 0o007) !== 0'],
    ['a secret belongs to nobody else', 'uid === us || uid === 0', 'uid >= 0'],
    ['a secret may belong to us', 'uid === us || ', ''],
  ]),
];
