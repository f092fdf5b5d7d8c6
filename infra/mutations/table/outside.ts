import { type Mutation, mutationsOf } from '../mutation.ts';

/** What a signer outside may give us, and who may have a canary. */
export const outside: Mutation[] = [
  ...mutationsOf('packages/signer/src/outside/differs.ts', [
    ['an answer is of this CA', "  ['issuer', isOfThisCa],\n", ''],
    ['an answer is for the key of the request', "  ['other', isForTheKey],\n", ''],
    ['an answer is no CA', "  ['ca', isNoCa],\n", ''],
    ['an answer may not sign CRLs either', ' | keyUsageBits.crlSign', ''],
    ['an answer has the subject that was asked for', "  ['subject', subjectIsTheSame],\n", ''],
    ['of several common names the last counts', ' && userOf(asked) === userOf(got)', ''],
    ['an answer has the names that were asked for', "  ['names', namesAreTheSame],\n", ''],
    [
      'an answer has no name more',
      'if (more.length > 0) return `it has names',
      'if (false) return `it has names',
    ],
    ['an answer has no name of another kind', 'if (others > 0)', 'if (others < 0)'],
    ['an answer has the usages that were asked for', "  ['usages', usagesAreTheSame],\n", ''],
    ['an answer says what it is for', "=== undefined ? ['any'] :", '=== undefined ? [...order.usages] :'],
    ['the key of an answer is for TLS alone', "  ['usages', keyMayOnlyDoTls],\n", ''],
    ['an answer says nothing critical that nobody knows', "  ['other', saysNothingElse],\n", ''],
    ['an answer has a serial number', "  ['other', hasSerial],\n", ''],
    ['an answer has begun', "  ['life', hasBegun],\n", ''],
    ['a leaf lives no longer than was asked for', "  ['life', leafEndsInTime],\n", ''],
    [
      'a leaf ends with its CA',
      '+ slackMs, ca.issuer.parts.notAfter);',
      '+ slackMs, Number.POSITIVE_INFINITY);',
    ],
    ['a canary lives for ten minutes', "  ['canary-life', canaryEndsInTime],\n", ''],
    ['a leaf lasts for as long as it is needed', "  ['life', leafLastsLongEnough],\n", ''],
    ['a canary lasts for as long as it is needed', "  ['canary-life', canaryLastsLongEnough],\n", ''],
    ['an answer is one that everybody would accept', "  ['other', isAccepted],\n", ''],
  ]),
  ...mutationsOf('packages/signer/src/outside/read-outside-chain.ts', [
    ['a CA outside may sign certificates', 'if (!mayIssue(certificate))', 'if (false)'],
    [
      'a CA outside is signed by the one above it',
      'if (above && !isSignedBy(certificate, above))',
      'if (false)',
    ],
    ['the last one above a CA is a root', 'if (!above && !selfSigned)', 'if (false)'],
  ]),
  ...mutationsOf('packages/signer/src/outside/post-json.ts', [
    ['a long answer is not read to its end', 'if (length > mostBytes)', 'if (length < 0)'],
    ['who is away is asked again', 'code !== undefined && away.has(code)', 'false'],
    ['who cannot be believed is not asked again', 'code !== undefined && away.has(code)', 'true'],
  ]),
  ...mutationsOf('packages/signer/src/may-sign.ts', [
    ['a usage too many is refused', '  usagesAreAllowed,\n', ''],
    ['a name is not asked for twice', 'left.set(name, times - 1);', ''],
  ]),
  ...mutationsOf('packages/signer/src/signer.ts', [
    ['a canary is for a step that is under way', 'if (!this.#isUnderWay(canary)) {', 'if (false) {'],
  ]),
  ...mutationsOf('apps/coordinator/src/signers/step-under-way.ts', [
    [
      'no canary is for a rotation that is held',
      "status !== 'holding') return false",
      "status !== 'holding') {}",
    ],
    [
      'a canary is for the holder of its step',
      'step?.holder !== holder || step.action.type',
      'step?.action.type',
    ],
    ['a canary is for a node that has asked', ' && hasAsked && ', ' && '],
    ['a canary is signed once', ' && progress.signed === undefined', ''],
  ]),
  ...mutationsOf('packages/runner/src/ask-signer-again.ts', [
    ['a signer that is away is asked again', '!failure.retryable || now - since > this.#patienceMs', 'true'],
    ['a signer that stays away holds the rotation', ' || now - since > this.#patienceMs', ''],
    ['nothing holds for a signer while something changes', 'isOver && !isChanging', 'isOver'],
  ]),
];
