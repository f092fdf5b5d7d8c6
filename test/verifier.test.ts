import type { EtcdVersion } from '@etcd-rotate/lab';
import { beforeAll, describe, expect, test } from 'vitest';
import { bundles } from './verifier/bundles.ts';
import type { Case, Port, Says } from './verifier/case.ts';
import { cfssl } from './verifier/cfssl.ts';
import { chains } from './verifier/chains.ts';
import { type Heard, hear, portsOf } from './verifier/hear.ts';
import { opensslSays, weSay } from './verifier/judges.ts';
import { keys } from './verifier/keys.ts';
import { names } from './verifier/names.ts';
import { oddities } from './verifier/oddities.ts';
import { revoked } from './verifier/revoked.ts';
import { servers } from './verifier/servers.ts';
import { usages } from './verifier/usages.ts';

// Our verifier says what a real etcd and `openssl verify` say, case by case: on both ports of an etcd of each version,
// and where it dials. We accept exactly what both accept; where we refuse more, the case says why.

const groups = [
  ...chains,
  ...bundles,
  ...usages,
  ...oddities,
  ...keys,
  ...names,
  ...revoked,
  ...servers,
  ...cfssl,
];
const versions: EtcdVersion[] = ['3.4', '3.5'];
/** So many etcds run at once. */
const atOnce = 2;

const heard = new Map<string, Heard>();

beforeAll(async () => {
  const waiting = versions.flatMap((version) => groups.map((group) => ({ version, group })));
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      for (const one of await hear(next.version, next.group)) {
        heard.set(keyOf(next.version, one.case, one.port), one);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
});

const cases = groups.flatMap(({ arrivals = [], servers = [] }) => [...arrivals, ...servers]);

test('there are at least sixty cases, each with a rule of its own', () => {
  const rules = cases.map(({ rule }) => rule);
  expect(new Set(rules).size).toBe(rules.length);
  expect(rules.length).toBeGreaterThanOrEqual(60);
});

test('we refuse what both accept in these cases alone', () => {
  expect(cases.filter(({ stricter }) => stricter !== undefined).map(({ rule }) => rule)).toEqual([
    'a critical extension that newer Go knows and older does not',
    'the same policy twice is malformed for newer Go',
    'newer Go holds to the constraint that a policy must be there',
    'a wildcard stands for a host that is excluded, for newer Go',
    'a mail address where there are constraints for hosts',
    'a critical policy mapping is known to newer Go only',
    'a root of version 1',
    'allowed is etcd.local: a wildcard under one label gets in',
  ]);
});

describe.each(versions)('etcd %s', (version) => {
  describe.each(groups.map((group) => [group.title, group] as const))('%s', (_title, group) => {
    const asked = [
      ...(group.arrivals ?? []).flatMap((one) => portsOf(one).map((port) => [one.rule, port, one] as const)),
      ...(group.servers ?? []).map((one) => [one.rule, 'dialled', one] as const),
    ];
    test.each(asked)('%s (%s)', (_rule, port, one) => {
      const says = saysOf(one, version, port);
      const etcd = heard.get(keyOf(version, one, port))?.verdict;
      const openssl = opensslSays(group, one, port === 'dialled' ? 'server' : 'client');
      const ours = weSay(group, one, port, version);

      expect(etcd, etcd?.how).toMatchObject({
        accepted: ['both accept', 'only etcd accepts'].includes(says),
      });
      expect(openssl.accepted, openssl.how).toBe(['both accept', 'only openssl accepts'].includes(says));
      expect(ours.accepted, ours.how).toBe(says === 'both accept' && one.stricter === undefined);
      if (!ours.accepted) expect(ours.how).toMatch(one.because ?? 'a case that is refused says why');
    });
  });
});

function saysOf({ says, except = {} }: Case, version: EtcdVersion, port: Port | 'dialled'): Says {
  return except[version] ?? (port === 'dialled' ? undefined : except[port]) ?? says;
}

function keyOf(version: EtcdVersion, { rule }: Case, port: Heard['port']): string {
  return `${version} ${port} ${rule}`;
}
