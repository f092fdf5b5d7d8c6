import type { FailureCode } from '@etcd-rotate/protocol';

/** What a script may rely on. */
export const exitCodes = { done: 0, failed: 1, usage: 2, refused: 3, held: 4, detached: 130 } as const;

/** Failures of reaching somebody or of ours; everything else is a refusal by a named rule. */
const failed: readonly FailureCode[] = [
  'bad-file',
  'nats-away',
  'nats-refused',
  'coordinator-away',
  'node-away',
  'bad-message',
  'not-signed',
  'journal-broken',
  'internal',
];

export function exitCodeOf(code: FailureCode): number {
  if (code === 'bad-usage') return exitCodes.usage;
  return failed.includes(code) ? exitCodes.failed : exitCodes.refused;
}
