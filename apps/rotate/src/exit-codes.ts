import type { Failure, FailureCode } from '@etcd-rotate/protocol';

/** What a script may rely on. */
export const exitCodes = { done: 0, failed: 1, usage: 2, refused: 3, held: 4, detached: 130 } as const;

/** Nobody could be asked, so that nothing was refused. */
const notReached: readonly FailureCode[] = ['nats-away', 'nats-refused', 'coordinator-away', 'not-leading'];

/** Whether it ends by itself: a coordinator starts again, or another one takes the lead. */
export function comesBack(code: FailureCode): boolean {
  return code !== 'nats-refused' && notReached.includes(code);
}

/** Failures of messages and of ours; everything else is a refusal by a named rule. */
const failed: readonly FailureCode[] = [
  ...notReached,
  'node-away',
  'bad-message',
  'not-signed',
  'journal-broken',
  'journal-not-written',
  'internal',
];

/** Of failures before the coordinator was asked: a file that cannot be read is our own identity file. */
export function exitCodeOf(code: FailureCode): number {
  return code === 'bad-file' ? exitCodes.failed : exitCodeOfAnswer([{ code }]);
}

/** Of what the coordinator answered: one refusal by a rule is enough, unless the answer did not get here at all. */
export function exitCodeOfAnswer(failures: readonly Pick<Failure, 'code'>[]): number {
  const codes = failures.map(({ code }) => code);
  if (codes.includes('bad-usage')) return exitCodes.usage;
  if (codes.some((code) => notReached.includes(code))) return exitCodes.failed;
  return codes.some((code) => !failed.includes(code)) ? exitCodes.refused : exitCodes.failed;
}
