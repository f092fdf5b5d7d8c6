import { describe, expect, test } from 'vitest';
import { type Proof, unproven } from './result.ts';

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

  test('is also what could not be seen: it opens no barrier', () => {
    expect(unproven('trust-b', [aProof('refuses-old-leaf', 'not-provable')], 'h')).toMatchObject({
      code: 'not-provable',
    });
  });

  test('is not that the new CA was accepted before: the new process is the proof then', () => {
    expect(unproven('trust-b', [aProof('refused-before', 'disproven')], 'h')).toBeUndefined();
  });
});
