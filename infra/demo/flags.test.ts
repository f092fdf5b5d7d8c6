import { expect, test } from 'vitest';
import { parseFlags } from './flags.ts';

test('three members of 3.5 unless said', () => {
  expect(parseFlags([])).toEqual({
    members: 3,
    etcd: '3.5',
    strategy: 'staged',
    restarts: 'every-stage',
    json: false,
    keep: false,
  });
});

test('takes what is said', () => {
  expect(parseFlags(['--members', '1', '--etcd=3.4', '--json', '--keep'])).toMatchObject({
    members: 1,
    etcd: '3.4',
    json: true,
    keep: true,
  });
});

test.each([
  [['--members', '2'], "--members is one of 1, 3, 5, not '2'"],
  [['--etcd', '3.6'], "--etcd is one of 3.4, 3.5, not '3.6'"],
  [['--members', 'toString'], 'not'],
  [['--what'], 'Unknown option'],
  [['now'], 'Unexpected argument'],
])('refuses %j', (args, reason) => {
  expect(parseFlags(args)).toEqual({ wrong: expect.stringContaining(reason) });
});
