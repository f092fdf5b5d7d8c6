import type { FailureCode } from '@etcd-rotate/protocol';
import { expect, test } from 'vitest';
import { exitCodeOf, exitCodeOfAnswer } from './exit-codes.ts';

test.each<[string, FailureCode[], number]>([
  ['one refusal by a rule', ['stranger'], 3],
  ['a refusal beside a node that is away', ['node-away', 'quorum-at-risk'], 3],
  ['a file of a node that cannot be read', ['bad-file'], 3],
  ['nodes that are away', ['node-away', 'node-away'], 1],
  ['a refusal beside an answer that did not get here', ['stranger', 'coordinator-away'], 1],
  ['NATS away', ['nats-away'], 1],
  ['a coordinator that does not lead', ['not-leading'], 1],
  ['a verb that is not allowed in a status', ['wrong-status'], 3],
  ['a command line that cannot be understood', ['bad-usage'], 2],
  ['nothing said', [], 1],
])('%s', (_what, codes, expected) => {
  expect(exitCodeOfAnswer(codes.map((code) => ({ code })))).toBe(expected);
});

test('our own identity file that cannot be read is a failure, not a refusal', () => {
  expect(exitCodeOf('bad-file')).toBe(1);
  expect(exitCodeOf('nats-refused')).toBe(1);
});
