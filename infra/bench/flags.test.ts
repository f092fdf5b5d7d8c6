import { expect, test } from 'vitest';
import { parseFlags } from './flags.ts';

test('measures everything, twice, on three members of 3.5 unless said', () => {
  expect(parseFlags([])).toEqual({
    parts: ['runbook', 'planning'],
    runs: 2,
    etcd: ['3.5'],
    members: 3,
    only: ['runbook', 'staged', 'when-needed'],
    minutes: 30,
    json: false,
  });
});

test('takes what is said', () => {
  const args = ['runbook', '--runs', '5', '--etcd=all', '--only', 'runbook,staged', '--members=5', '--json'];
  expect(parseFlags(args)).toMatchObject({
    parts: ['runbook'],
    runs: 5,
    etcd: ['3.4', '3.5'],
    members: 5,
    only: ['runbook', 'staged'],
    json: true,
  });
});

test.each([
  [['fleets'], "a part is one of runbook, planning, not 'fleets'"],
  [['--runs', '0'], "--runs is a number from 1 to 100, not '0'"],
  [['--runs', 'many'], "not 'many'"],
  [['--etcd', '3.6'], "--etcd is one of 3.4, 3.5, all, not '3.6'"],
  [['--members', '2'], "--members is one of 1, 3, 5, not '2'"],
  [['--only', 'runbook,toString'], "not 'toString'"],
  [['--what'], 'Unknown option'],
])('refuses %j', (args, reason) => {
  expect(parseFlags(args)).toEqual({ wrong: expect.stringContaining(reason) });
});
