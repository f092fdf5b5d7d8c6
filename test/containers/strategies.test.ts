import type { EtcdVintage, Nodes } from '@etcd-rotate/nodes';
import { nodes } from '@etcd-rotate/nodes';
import { expect, test } from 'vitest';
import { lastLine, nobodyLost } from '../reading.ts';
import { acceptsKept, bundlesOf, issuersOf } from './looking.ts';
import { inStage, rotateWith } from './rotating.ts';
import { isWhole } from './whole.ts';

const vintages: EtcdVintage[] = isWhole ? ['3.4', '3.5-older', '3.5'] : ['3.5'];
const firstCas = ['--ca', 'client=client-ca', '--ca', 'peer=peer-ca'];

test.each(vintages)(
  'every strategy there and back on machines with systemd, under load (etcd %s)',
  async (etcd) => {
    await using fleet = await nodes(3, { etcd, keys: 'rsa', adoptCas: true });
    await fleet.load.start();
    const first = await issuersOf(fleet);
    const bundles = await bundlesOf(fleet);

    const there = await rotated(fleet, []);
    expect(lastLine(there)).toMatchObject({ outcome: 'rotated', restarts: 9 });
    expect(await fleet.restarts()).toBe(9);
    for (const [index, issuer] of (await issuersOf(fleet)).entries()) expect(issuer).not.toBe(first[index]);
    expect(await acceptsKept(fleet)).toEqual(['refused', 'refused', 'refused']);

    const back = await rotated(fleet, ['--restarts', 'when-needed', ...firstCas]);
    expect(lastLine(back)).toMatchObject({ outcome: 'rotated', restarts: 6 });
    expect(await issuersOf(fleet)).toEqual(first);
    expect(await bundlesOf(fleet)).toEqual(bundles);
    expect(await acceptsKept(fleet)).toEqual(['accepted', 'accepted', 'accepted']);

    const renewed = await rotated(fleet, ['--strategy', 'renew']);
    expect(lastLine(renewed)).toMatchObject({ outcome: 'rotated', restarts: 0 });
    expect(await fleet.restarts()).toBe(15);
    nobodyLost(await fleet.load.stop());
  },
);

const ways = [
  ['staged', ['--restarts', 'every-stage']],
  ['when needed', ['--restarts', 'when-needed']],
  ['renew', ['--strategy', 'renew']],
] as const;

test.runIf(isWhole).each(vintages.flatMap((etcd) => ways.map(([name, args]) => [name, etcd, args] as const)))(
  'a rotation (%s, etcd %s) that is held goes back to what there was',
  async (_name, etcd, args) => {
    await using fleet = await nodes(3, { etcd, adoptCas: true });
    await fleet.load.start();
    const first = await issuersOf(fleet);
    const bundles = await bundlesOf(fleet);
    const hold = async (): Promise<void> => {
      expect((await fleet.rotate(['hold'])).code).toBe(0);
    };

    const held = await rotateWith(
      fleet,
      ['--cluster', 'demo', '--yes', ...args],
      [{ when: inStage('issue'), act: hold }],
    );
    expect([held.code, held.stderr]).toEqual([4, expect.anything()]);
    const back = await fleet.rotate(['rollback', '--yes', '--json']);
    expect(lastLine(back)).toMatchObject({ outcome: 'rolled-back' });
    expect(await issuersOf(fleet)).toEqual(first);
    expect(await bundlesOf(fleet)).toEqual(bundles);
    expect(await acceptsKept(fleet)).toEqual(['accepted', 'accepted', 'accepted']);
    nobodyLost(await fleet.load.stop());
  },
);

async function rotated(fleet: Nodes, args: string[]): ReturnType<Nodes['rotate']> {
  const run = await fleet.rotate(['--cluster', 'demo', '--yes', '--json', ...args]);
  expect([run.code, run.stderr]).toEqual([0, '']);
  return run;
}
