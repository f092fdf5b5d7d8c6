import { describe, expect, test } from 'vitest';
import { FleetFile } from './fleet-file.ts';
import { EtcdId, Id, Instant, Name } from './name.ts';
import { agentClient, HolderId, holderName, slots, slotsOf } from './slot.ts';
import { subjects } from './subjects.ts';

const is = (schema: { safeParse(value: unknown): { success: boolean } }, value: unknown) =>
  schema.safeParse(value).success;

describe('a name', () => {
  test.each(['a', 'etcd-1', '0', 'a'.repeat(63), '10-0-0-1'])('may be %s', (name) => {
    expect(is(Name, name)).toBe(true);
  });

  test.each([
    ['is empty', ''],
    ['has a dot, which would reach another NATS subject', 'a.b'],
    ['has a wildcard of NATS', 'a*'],
    ['has a slash, which would reach another folder', '../a'],
    ['has capital letters', 'Etcd'],
    ['begins with a hyphen, as an option does', '-a'],
    ['ends with a hyphen', 'a-'],
    ['ends with a newline', 'a\n'],
    ['is longer than 63', 'a'.repeat(64)],
    ['is no text', 1],
  ])('is refused when it %s', (_what, name) => {
    expect(is(Name, name)).toBe(false);
  });

  test('of a node that has a member leaves room for the name of its agent', () => {
    const withNode = (node: string) =>
      FleetFile.safeParse({
        version: 1,
        fleet: 'f',
        clusters: [{ name: 'c', members: [{ name: 'm', node }] }],
      });
    const longest = 'n'.repeat(57);
    expect(withNode(longest).success).toBe(true);
    expect(is(HolderId, agentClient(longest))).toBe(true);
    expect(withNode(`${longest}n`).error?.issues).toMatchObject([
      { path: ['clusters', 0, 'members', 0, 'node'], message: expect.stringContaining('at most 57') },
    ]);
  });
});

test('the id of a command has room for the longest names', () => {
  const longest = 'm'.repeat(63);
  const rotation = `${'c'.repeat(20)}-20261124-030000-1f3a`;
  expect(is(Id, `retire-${longest}-seen-by-${longest}`)).toBe(true);
  expect(is(Id, `${rotation}.retire-${longest}-seen-by-${longest}.150.request`)).toBe(true);
  expect(is(Id, 'a/b')).toBe(false);
  expect(is(Id, '')).toBe(false);
});

test.each([
  ['member/m1', true],
  ['client/agent-node-1', true],
  ['member/', false],
  ['member/M1', false],
  ['node/m1', false],
  ['member/a/b', false],
  ['m1', false],
])('%s as a holder: %s', (holder, expected) => {
  expect(is(HolderId, holder)).toBe(expected);
});

test.each([
  ['2026-11-24T03:00:00.000Z', true],
  ['2026-11-24T03:00:00Z', false],
  ['2026-11-24T03:00:00.000+01:00', false],
  ['2026-13-24T03:00:00.000Z', false],
])('%s as a point in time: %s', (instant, expected) => {
  expect(is(Instant, instant)).toBe(expected);
});

test.each([
  ['8e9e05c52164694d', true],
  ['8E9E', false],
  ['8e9e05c52164694d0', false],
])('%s as an id of etcd: %s', (id, expected) => {
  expect(is(EtcdId, id)).toBe(expected);
});

test('every slot belongs to one kind of holder, and says whom it concerns', () => {
  expect([...slotsOf('member/a'), ...slotsOf('client/b')].sort()).toEqual(Object.keys(slots).sort());
  expect(holderName('client/agent-n1')).toBe('agent-n1');
});

test('no two who may listen have one NATS subject', () => {
  const all = [
    subjects.command('f', 'n1'),
    subjects.command('f', 'n2'),
    subjects.command('g', 'n1'),
    subjects.result('f', 'n1'),
    subjects.request('f', 'a'),
    subjects.request('f', 'b'),
    subjects.join('f'),
    subjects.inbox('joining', 'a'),
    subjects.inbox('node', 'a'),
    subjects.inbox('operator', 'a'),
    subjects.inbox('coordinator', 'a'),
  ];
  expect(new Set(all).size).toBe(all.length);
  expect(subjects.result('f', 'n1')).toMatch(
    new RegExp(`^${subjects.results('f').replace('*', '[a-z0-9-]+')}$`),
  );
});
