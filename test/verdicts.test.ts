import { describe, expect, test } from 'vitest';
import { bundles } from './verifier/bundles.ts';
import { chains } from './verifier/chains.ts';
import { weSay } from './verifier/judges.ts';
import { keys } from './verifier/keys.ts';
import { names } from './verifier/names.ts';
import { revoked } from './verifier/revoked.ts';
import { servers } from './verifier/servers.ts';
import { usages } from './verifier/usages.ts';

// The cases of verifier.test.ts once more, held against what was heard there and without any etcd: in a second, so that
// every change of the verifier can be tried, and every mutation of it.

const groups = [...chains, ...bundles, ...usages, ...keys, ...names, ...revoked, ...servers];

describe.each(groups.map((group) => [group.title, group] as const))('%s', (_title, group) => {
  const asked = [
    ...(group.arrivals ?? []).flatMap((one) =>
      (one.ports ?? (['client', 'peer'] as const)).map((port) => [one.rule, port, one] as const),
    ),
    ...(group.servers ?? []).map((one) => [one.rule, 'dialled', one] as const),
  ];
  test.each(asked)('%s (%s)', (_rule, port, one) => {
    const ours = weSay(group, one, port, '3.5');
    const says = one.except?.['3.5'] ?? (port === 'dialled' ? undefined : one.except?.[port]) ?? one.says;
    expect(ours.accepted, ours.how).toBe(says === 'both accept' && one.stricter === undefined);
    if (!ours.accepted) expect(ours.how).toMatch(one.because ?? 'a case that is refused says why');
  });
});
