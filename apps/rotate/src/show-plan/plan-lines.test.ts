import { stripVTControlCharacters } from 'node:util';
import { provePlan, worldFrom } from '@etcd-rotate/core';
import type { RotationRequest } from '@etcd-rotate/protocol';
import {
  aClient,
  aCluster,
  aRequest,
  type Cluster,
  dryRun,
  FakeSigner,
  judge,
  ledBy,
  planFor,
  standIns,
  unwrap,
  withCas,
} from '@etcd-rotate/testing';
import { expect, test } from 'vitest';
import { costOf } from '../way-back-costs.ts';
import { planLines } from './plan-lines.ts';

const aCase = () =>
  aCluster(
    'a',
    'b',
    'c',
    aClient('backup', { takes: 'reload' }),
    aClient('apiserver'),
    withCas('client-ca', 'peer-ca'),
    ledBy('b'),
  );

/** What a dry run prints. Fingerprints are those of keys made in this run, and so is the digest of it all. */
async function printed(cluster: Cluster, request: RotationRequest): Promise<string> {
  const signer = new FakeSigner('client-ca', 'peer-ca');
  const planned = await dryRun(cluster, { request, signer });
  if (!planned.ok) throw new Error(planned.failures[0].message);
  return stripVTControlCharacters(`${planLines(planned).join('\n')}\n`)
    .replaceAll(/\b[0-9a-f]{16}\b/g, '················')
    .replaceAll(/\b[0-9a-f]{8}\b/g, '········')
    .replaceAll(/[ ]+$/gm, '');
}

test.each([
  ['staged', aRequest()],
  ['when-needed', aRequest({ restarts: 'when-needed' })],
  ['renew', aRequest({ strategy: 'renew' })],
  ['one-domain', aRequest({ domains: ['peer'] })],
])('a dry run is an argument that a person can follow: %s', async (name, request) => {
  await expect(await printed(aCase(), request)).toMatchFileSnapshot(`../../transcripts/dry-run-${name}.txt`);
});

test('a step at which somebody would be refused says who, whom and why', () => {
  const cluster = aCase();
  const plan = unwrap(planFor(cluster));
  const early = { ...plan, steps: plan.steps.filter(({ id }) => id !== 'trust-b') };
  const proof = provePlan(early, worldFrom(cluster.observations()), standIns, judge);
  const text = stripVTControlCharacters(planLines({ plan: early, proof, alternatives: [] }).join('\n'));
  expect(text).toMatch(/issue-\w+ .*✗ member\/b would refuse the/);
});

test.each([
  [['a'], '3 restarts of etcd, each of them an outage'],
  [['a', 'b'], '6 restarts of etcd, each of them an outage'],
  [['a', 'b', 'c'], '9 restarts of etcd, one member at a time'],
])('a restart is called an outage where no majority stays: members %j', (members, said) => {
  const plan = unwrap(planFor(aCluster(...members), aRequest({ acceptDowntime: true })));
  const { estimate } = plan;
  const alternatives = [{ strategy: 'staged', restarts: 'every-stage', outcome: { estimate } }] as const;
  const text = stripVTControlCharacters(planLines({ plan, proof: [], alternatives }).join('\n'));
  expect(text.split(said)).toHaveLength(3);
  expect(costOf(plan)).toContain(said);
});
