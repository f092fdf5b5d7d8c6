import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { factsFor, isNewer, rows, skipsSourceCheck } from './etcd-versions.ts';

test.each([
  ['3.4.23', false, true],
  ['3.5.14', false, true],
  ['3.5.15', true, true],
  ['3.6.0-rc.1', true, false],
  ['3.6.14', true, false],
  ['3.7.1', true, false],
])('of %s it is known how lists and CRLs are read', (version, takesLists, readsPemCrl) => {
  expect(factsFor(version)).toMatchObject({ takesLists, readsPemCrl });
});

test.each([
  ['3.4.45', false],
  ['3.5.31', false],
  ['3.5.32', true],
  ['3.6.12', false],
  ['3.6.13', true],
  ['3.7.0', true],
])('a later patch of an older minor is no earlier one of the next: %s', (version, enforced) => {
  expect(factsFor(version)?.enforcesCrlBesideHttp).toBe(enforced);
});

test.each([
  ['3.4.41', 'Snapshot'],
  ['3.4.42', 'Status, MoveLeader, AlarmList, Snapshot'],
  ['3.4.45', 'Status, MoveLeader, Snapshot'],
  ['3.5.27', 'Snapshot'],
  ['3.5.30', 'Status, MoveLeader, Snapshot'],
  ['3.5.33', 'MoveLeader, Snapshot'],
  ['3.6.9', 'Status, MoveLeader, AlarmList, Snapshot'],
  ['3.6.11', 'Status, MoveLeader, Snapshot'],
  ['3.6.12', 'MoveLeader, Snapshot'],
])('in %s root alone may call %s', (version, calls) => {
  expect(factsFor(version)?.rootAlone.join(', ')).toBe(calls);
});

test.each([
  ['3.5.30', 'experimental-peer-skip-client-san-verification', true],
  ['3.5.30', 'peer-skip-client-san-verification', false],
  ['3.6.14', 'experimental-peer-skip-client-san-verification', true],
  ['3.6.14', 'peer-skip-client-san-verification', true],
])('etcd %s reads --%s: %s', (version, flag, reads) => {
  expect(skipsSourceCheck({ [flag]: 'true' }, version)).toBe(reads);
  expect(skipsSourceCheck({ [flag]: 'false' }, version)).toBe(false);
});

test.each(['3.3.27', '2.3.8', '4.0.0', '3.5', 'master', ''])(
  'nothing is assumed of version "%s"',
  (version) => {
    expect(factsFor(version)).toBeUndefined();
    expect(isNewer(version)).toBe(false);
  },
);

test('a newer minor is told apart from the newest that is known', () => {
  expect([isNewer('3.6.99'), isNewer('3.7.0')]).toEqual([false, true]);
});

test('every row cites its fact and has a user', () => {
  const sources = globSync(new URL('**/*.ts', import.meta.url).pathname)
    .filter((file) => !/\.(test|contract)\.ts$/.test(file))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  for (const [name, { fact }] of Object.entries(rows)) {
    expect(fact).toMatch(/^facts: etcd, section \d/);
    expect(sources).toMatch(new RegExp(`\\.${name}\\b(?!, at)`));
  }
});
