import { type Conversation, speak } from './speak.ts';
import type { Spoken } from './spoken.ts';
import type { Target } from './target.ts';

/**
 * Asks over TLS 1.2, and over TLS 1.3 where the two sides find no common ground: with 1.2 the server judges our
 * certificate within the handshake, with 1.3 our side of it is complete before that (facts: etcd, section 9).
 */
export async function converse(to: Target, how: Omit<Conversation, 'version'>): Promise<Spoken> {
  const until = performance.now() + how.timeoutMs;
  const first = await speak(to, { ...how, version: 'TLSv1.2' });
  if (first.type !== 'no-common-ground') return first;
  const second = await speak(to, {
    ...how,
    version: 'TLSv1.3',
    timeoutMs: Math.max(1, until - performance.now()),
  });
  // Go also says "handshake failure" to who shows no certificate over 1.2; where 1.3 is not spoken, that is the answer.
  return second.type === 'no-common-ground' ? first : second;
}
