import { expect, test } from 'vitest';
import { closes } from './screen.ts';

test.each(['q', 'Q', '\u0003', '\u0004', 'jq', 'qq', '\u001b[A\u0003', 'x\r\nq'])(
  'closes at %j, with whatever came in the same piece',
  (keys) => expect(closes(keys)).toBe(true),
);

test.each(['', 'x', '\r', '\u001b[A'])('stays open at %j', (keys) => expect(closes(keys)).toBe(false));
