import { expect, test } from 'vitest';
import { violationIn } from './nats-violations.ts';

const nkey = `U${'A'.repeat(55)}`;
const line = (text: string): string =>
  `[7] 2026/11/24 03:00:00.000000 [ERR] 10.0.0.7:50000 - cid:9 - "v2.29.2:nats.js" - ${text}`;

test.each([
  [
    `Publish Violation - Nkey "${nkey}", Subject "etcd-rotate.v1.lab.node.m1.command"`,
    'Publish Violation, Subject "etcd-rotate.v1.lab.node.m1.command"',
  ],
  [
    `Subscription Violation - Nkey "${nkey}", Subject ">", SID 3`,
    'Subscription Violation, Subject ">", SID 3',
  ],
  [`authentication error - Nkey "${nkey}"`, 'authentication error'],
])('names who tried what: %s', (text, what) => {
  expect(violationIn(line(text))).toEqual({ nkey, what });
});

test.each(['Client connection created', 'Publish Violation - User "bob", Subject "x"', ''])(
  'makes nothing of other lines: %s',
  (text) => {
    expect(violationIn(line(text))).toBeUndefined();
  },
);
