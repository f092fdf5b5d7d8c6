import { subjects } from '@etcd-rotate/protocol';
import { expect, test } from 'vitest';
import { RefusedCount } from './refused.ts';

const noon = new Date('2026-11-24T12:00:00.000Z');
const at = (node: string): string => subjects.result('lab', node);
const failure = { code: 'not-signed', message: 'no signature', hint: '', retryable: false } as const;

test('counts by sender and code, the latest first', () => {
  const refused = new RefusedCount(() => noon);
  for (const name of ['m1', 'm2', 'm1']) refused.note({ failure, subject: at(name), from: 'somebody else' });
  refused.note({ failure: { ...failure, code: 'too-late' }, subject: at('m2') });
  expect(refused.list().map(({ from, code, count }) => [from, code, count])).toEqual([
    ['node m2', 'too-late', 1],
    ['node m1', 'not-signed', 2],
    ['node m2', 'not-signed', 1],
  ]);
});

test('remembers a bounded number of senders, however many names are made up', () => {
  const refused = new RefusedCount(() => noon);
  for (let i = 0; i < 1000; i += 1) refused.note({ failure, subject: 'NATS', from: `${i}`.repeat(500) });
  expect(refused.list()).toHaveLength(50);
  expect(refused.list()[0]?.from).toHaveLength(100);
});

test('shows nothing that a terminal would obey', () => {
  const refused = new RefusedCount(() => noon);
  const message = 'version "\u001b[2J\u009b\u202e"';
  refused.note({
    failure: { ...failure, message },
    subject: 'NATS',
    from: '\u001b]0;owned\u0007coordinator',
  });
  expect(refused.list()).toMatchObject([{ from: '?]0;owned?coordinator', message: 'version "?[2J??"' }]);
});

test('a node that joins is nobody yet, whatever it says', () => {
  const refused = new RefusedCount(() => noon);
  refused.note({ failure, subject: subjects.join('lab'), from: 'coordinator' });
  expect(refused.list()).toMatchObject([{ from: 'a node that joins' }]);
});
