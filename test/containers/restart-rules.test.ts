// What host says of restarts, where there is something to restart: the rules are its own, tried on a machine with systemd
// and beside an engine.

import { aMachine, type EtcdVintage, imageOf, nodeOfCheckout } from '@etcd-rotate/nodes';
import { describe, expect, test } from 'vitest';
import { changeRules } from '../../packages/host/src/restart/change-rules.fixture.ts';
import { containerRules } from '../../packages/host/src/restart/container-rules.fixture.ts';
import { readVerdicts } from '../../packages/host/src/restart/rules.fixture.ts';
import { systemdRules } from '../../packages/host/src/restart/systemd-rules.fixture.ts';
import { isWhole } from './whole.ts';

const vintages: EtcdVintage[] = isWhole ? ['3.4', '3.5'] : ['3.5'];

describe.each(vintages)('on a machine with etcd %s', (etcd) => {
  test.each([
    ['systemd-rules', systemdRules] as const,
    // The sample has failing-unit.test.ts instead.
    ...(isWhole ? [['change-rules', changeRules] as const] : []),
  ])('every rule of %s holds', async (name, rules) => {
    await using machine = await aMachine(etcd);
    const program = nodeOfCheckout(`packages/host/src/restart/${name}.fixture.ts`);
    const { stdout, stderr } = await machine.run(program, { environment: { ETCD_BIN: '/usr/bin' } });
    const verdicts = readVerdicts(stdout);
    expect(verdicts.filter(({ broken }) => broken)).toEqual([]);
    expect(
      verdicts.map(({ rule }) => rule),
      stderr,
    ).toEqual(rules.map(({ rule }) => rule));
  });
});

// Any image with a shell would do; that of a machine is there.
describe('a container', () => {
  test.each(containerRules(() => imageOf('3.5')))('$rule', ({ holds }) => holds());
});
