import { readFileSync } from 'node:fs';
import { fail } from '@etcd-rotate/protocol';
import { aCa, aCluster, aMember, aRequest, withCas } from '@etcd-rotate/testing';
import { describe, expect, test } from 'vitest';
import { caCases } from './cas.contract.ts';
import {
  type Cases,
  cluster,
  everyBundle,
  fleetWith,
  inputOf,
  said,
  seenWith,
  withFlags,
  withStatus,
} from './cases.contract.ts';
import { certificateCases } from './certificates.contract.ts';
import type { CheckInput } from './check.ts';
import { commonNameCases } from './common-names.contract.ts';
import { dateCases } from './dates.contract.ts';
import { endpointCases } from './endpoints.contract.ts';
import { fileCases } from './files.contract.ts';
import { memberCases } from './members.contract.ts';
import { nameCases } from './names.contract.ts';
import { nodeCases } from './nodes.contract.ts';
import { preflight, refusalsOf, warningsOf } from './preflight.ts';
import { versionCases } from './versions.contract.ts';

const cases: Cases = {
  ...{ ...nodeCases, ...memberCases, ...versionCases, ...endpointCases, ...dateCases },
  ...{ ...nameCases, ...commonNameCases, ...certificateCases, ...fileCases, ...caCases },
};

describe.each([...preflight])('$name', ({ name, severity, codes, look }) => {
  test.each(cases[name] ?? [])(`${severity} or lets pass as it shall: $what`, ({ input, says }) => {
    const found = look(input);
    expect(said(found)).toEqual(says);
    for (const { code, hint } of found) {
      expect(codes).toContain(code);
      expect(hint.length).toBeGreaterThan(3);
    }
  });

  test('has a case in which it says something, and one that almost looks so', () => {
    const says = (cases[name] ?? []).map((one) => one.says.length > 0);
    expect(says).toContain(true);
    expect(says).toContain(false);
  });

  test('stands in docs/failures.md with its severity and its codes', () => {
    const text = readFileSync(new URL('../../../../docs/failures.md', import.meta.url), 'utf8');
    const row = text.split('\n').find((line) => line.startsWith(`| ${name} `));
    const cells = row?.split('|').map((cell) => cell.trim()) ?? [];
    expect(cells.slice(1, 4)).toEqual([name, severity, codes.join(', ')]);
    expect(cells[4]?.length).toBeGreaterThan(20);
  });
});

/** Fingerprints and serials are those of keys made in this run. */
const stable = (text: string): string => text.replaceAll(/\b[0-9a-f]{8,64}\b/g, '········');

test('what the checks say can be read by a person, all of it in one file', async () => {
  const text = preflight.flatMap(({ name, severity, look }) => [
    `${name} ${severity}`,
    ...(cases[name] ?? []).flatMap(({ what, input }) => {
      const found = look(input);
      const lines = found.map(({ code, message, hint }) => `    ${code}: ${message}\n      ${hint}`);
      return [`  ${what}`, ...(found.length > 0 ? lines : ['    nothing is said'])];
    }),
    '',
  ]);
  await expect(stable(text.join('\n'))).toMatchFileSnapshot('../../transcripts/refusals.txt');
});

test('docs/failures.md lists no check that is not asked, and those in their order', () => {
  const text = readFileSync(new URL('../../../../docs/failures.md', import.meta.url), 'utf8');
  const listed = [...text.matchAll(/^\| ([a-z]\w+) +\| (?:refuses|warns) /gm)].map(([, name]) => name);
  expect(listed).toEqual(preflight.map(({ name }) => name));
});

test('no case is of a check that is not asked', () => {
  const names = preflight.map(({ name }) => name);
  expect(Object.keys(cases).filter((name) => !names.includes(name))).toEqual([]);
});

describe('nothing is refused and nobody is warned', () => {
  const renewal = aRequest({ strategy: 'renew' });
  test.each<[string, CheckInput]>([
    ['in a healthy cluster', inputOf()],
    ['with two CAs', inputOf(aCluster('a', 'b', 'c', withCas('ca1', 'pca1')))],
    [
      'with one bundle for both ports',
      inputOf(aCluster(...['a', 'b', 'c'].map((n) => aMember(n, { oneBundle: true })))),
    ],
    [
      'with other members and versions',
      inputOf(
        aCluster('a', 'b', 'c', aMember('d', { version: '3.6.14' }), aMember('e', { version: '3.4.23' })),
      ),
    ],
    [
      'with one member where an outage is accepted',
      inputOf(aCluster('a'), { request: aRequest({ acceptDowntime: true }) }),
    ],
    [
      'when the leaves of one member are renewed by the CA that the coordinator holds',
      inputOf(aCluster('a'), { request: renewal, held: new Map([['ca1', aCa('ca1').known]]) }),
    ],
  ])('%s', (_what, input) => {
    expect(said(refusalsOf(input))).toEqual([]);
    expect(said(warningsOf(input))).toEqual([]);
  });
});

test('where not everybody is seen, nothing more is asked', () => {
  const away = fail('node-away', 'node-b is away', 'start its agent', true).failure;
  expect(said(refusalsOf(inputOf(cluster, { missing: [away], observations: [] })))).toEqual([
    'node-away: node-b is away',
  ]);
  const withoutBackup = seenWith({ 'member/b': withStatus(() => ({ serves: false })) }).filter(
    ({ node }) => node !== 'node-backup',
  );
  expect(refusalsOf(inputOf(cluster, { observations: withoutBackup }))).toMatchObject([
    { code: 'unknown-holder' },
  ]);
});

test('everything that is wrong is said at once, and warnings apart from it', () => {
  const observations = everyBundle([aCa('ca1').known, aCa('ca9').known]).map((node) => ({
    ...node,
    holders: node.holders.map((seen) =>
      seen.holder === 'member/b'
        ? withFlags({ 'auto-tls': 'true' })(
            withStatus(() => ({ version: '3.7.0', alarms: ['CORRUPT of a1'] }))(seen),
          )
        : seen,
    ),
  }));
  const input = inputOf(cluster, { observations });
  expect(refusalsOf(input).map(({ code }) => code)).toEqual(['not-modelled', 'alarm-raised']);
  expect(warningsOf(input).map(({ code }) => code)).toEqual(['newer-version', 'others-stay', 'others-stay']);
});

test('an election is worth asking again, everything else is for a person', () => {
  const electing = seenWith({ 'member/b': withStatus(() => ({ raftTerm: 3 })) });
  expect(refusalsOf(inputOf(cluster, { observations: electing }))).toMatchObject([{ retryable: true }]);
  expect(refusalsOf(inputOf(aCluster('a')))).toMatchObject([{ retryable: false }]);
});

test('what others-stay offers is the fingerprint that --retire takes', () => {
  const [warning] = warningsOf(
    inputOf(cluster, {
      observations: everyBundle([aCa('ca1').known, aCa('ca9').known]),
      request: aRequest({ domains: ['client'] }),
    }),
  );
  expect(warning?.hint).toContain(`--retire ${aCa('ca9').known.facts.fingerprint.slice(0, 8)}`);
});

test('what to do about a common name depends on whether the version takes a list', () => {
  const hintFor = (version: string): string | undefined => {
    const observations = cluster.observations().map((node) => ({
      ...node,
      holders: node.holders.map((seen) =>
        withFlags({ 'peer-cert-allowed-cn': 'etcd' })(withStatus(() => ({ version }))(seen)),
      ),
    }));
    const wish = fleetWith({ commonName: { peer: 'other' } });
    return refusalsOf(inputOf(cluster, { cluster: wish, observations }))[0]?.hint;
  };
  expect(hintFor('3.4.23')).toBe('etcd 3.4.23 takes one name alone: leave commonName out of the fleet file');
  expect(hintFor('3.5.30')).toMatch(/^restart every member with both names in --peer-cert-allowed-cn/);
});

test('checks are asked in the order of a person: first whether anybody answers', () => {
  expect(preflight[0]?.name).toBe('everyNodeAnswers');
  expect(new Set(preflight.map(({ name }) => name)).size).toBe(preflight.length);
});
