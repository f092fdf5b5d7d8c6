import { describe, expect, test } from 'vitest';
import { type Proof, type Refusal, unproven } from './result.ts';

const aProof = (what: Proof['what'], verdict: Proof['verdict']): Proof => ({
  what,
  where: 'peer port',
  verdict,
  detail: 'seen',
});

describe('what is unproven', () => {
  test('is nothing when all claims hold, or when there are none', () => {
    expect(unproven('trust-b', [aProof('serves', 'proven')], 'hint')).toBeUndefined();
    expect(unproven('trust-b', [], 'hint')).toBeUndefined();
  });

  test('is the first claim that does not hold, with where, what and why', () => {
    const proofs = [
      aProof('serves', 'proven'),
      aProof('presents', 'disproven'),
      aProof('reaches', 'disproven'),
    ];
    expect(unproven('trust-b', proofs, 'look there')).toEqual({
      code: 'not-presented',
      message: 'trust-b: presents at peer port is disproven: seen',
      hint: 'look there',
      retryable: false,
    });
  });

  test('is told with pair, slot, reason and fix where a handshake is what does not hold, and with the other pairs', () => {
    const refusal: Refusal = {
      by: 'member/m2',
      of: 'member/m1',
      side: 'accepting',
      cause: 'unknown-authority',
      slot: 'peer-bundle',
      slotOf: 'member/m2',
      reason: 'r',
      fix: 'restart it',
    };
    const refused = { ...aProof('reaches', 'disproven'), detail: 'm2 refuses m1: r', refusal };
    const alone = unproven('seen-by-m1', [refused, aProof('serves', 'disproven')], 'look there');
    expect(alone).toEqual({
      code: 'not-reached',
      message: 'seen-by-m1: m2 refuses m1: r (reaches: disproven)',
      hint: 'restart it',
      retryable: false,
    });
    const also = { ...refused, detail: 'm3 refuses m1: r' };
    expect(unproven('seen-by-m1', [aProof('serves', 'disproven'), refused, also], 'look there')).toEqual({
      code: 'not-serving',
      message: 'seen-by-m1: serves at peer port is disproven: seen',
      hint: 'restart it',
      retryable: false,
      causes: [
        'seen-by-m1: serves at peer port is disproven: seen',
        'seen-by-m1: m2 refuses m1: r (reaches: disproven)',
        'seen-by-m1: m3 refuses m1: r (reaches: disproven)',
      ],
    });
  });

  test('is also what could not be seen: it opens no barrier', () => {
    expect(unproven('trust-b', [aProof('refuses-old-leaf', 'not-provable')], 'h')).toMatchObject({
      code: 'not-provable',
    });
  });

  test('is not that the new CA was accepted before: the new process is the proof then', () => {
    expect(unproven('trust-b', [aProof('refused-before', 'disproven')], 'h')).toBeUndefined();
  });
});
