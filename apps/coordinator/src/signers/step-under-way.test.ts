import type { Command } from '@etcd-rotate/protocol';
import { runRotation } from '@etcd-rotate/runner';
import type { CanaryPlace } from '@etcd-rotate/signer';
import { aCluster, fakePorts, startRotation } from '@etcd-rotate/testing';
import { expect, test } from 'vitest';
import { Rotations } from '../rotations.ts';
import { stepUnderWay } from './step-under-way.ts';

const never = new AbortController().signal;

test('canaries are wanted by the step that asks for them, until they are signed, and by nobody else', async () => {
  const cluster = aCluster('a', 'b', 'c');
  const ports = await fakePorts(cluster);
  const rotation = await startRotation(cluster, ports);
  const isUnderWay = stepUnderWay(new Rotations(ports.journal));
  const all = rotation.plan.steps.flatMap(({ id: step, holder }): CanaryPlace[] =>
    (['client', 'peer'] as const).map((domain) => ({ rotation: rotation.id, step, holder, domain })),
  );
  const wantedNow = () => all.filter(isUnderWay);
  expect(wantedNow()).toEqual([]);

  // Neither before the node has asked nor after they were signed, whatever else is going on.
  const signed = new Set<string>();
  const send = (command: Command): ReturnType<typeof ports.agents.send> => {
    const wanted = wantedNow().map((place) => place.step);
    expect(wanted.filter((step) => signed.has(step))).toEqual([]);
    if (command.body.type === 'request') expect(wanted).not.toContain(command.step);
    return ports.agents.send(command);
  };
  const agents = Object.assign(Object.create(ports.agents), {
    send,
    results: ports.agents.results.bind(ports.agents),
  });
  let canaries = 0;
  const sign: typeof ports.signer.sign = async (wanted) => {
    const { rotation: id, step } = wanted;
    const places = wanted.certificates.flatMap(({ holder, for: what }): CanaryPlace[] =>
      'canary' in what ? [{ rotation: id, step, holder, domain: what.canary }] : [],
    );
    canaries += places.length;
    for (const place of places) {
      expect(isUnderWay(place)).toBe(true);
      expect(isUnderWay({ ...place, holder: `${place.holder}-2` })).toBe(false);
      expect(isUnderWay({ ...place, rotation: 'another' })).toBe(false);
    }
    // Beside the one that asks there may be one more that has asked, ahead.
    expect(new Set(wantedNow().map((place) => place.step)).size).toBeLessThanOrEqual(2);
    signed.add(step);
    return ports.signer.sign(wanted);
  };
  const { rotation: ended } = await runRotation(
    rotation,
    { ...ports, agents, signer: { ...ports.signer, sign } },
    never,
  );
  expect(ended.state.status).toBe('finished');
  expect(canaries).toBeGreaterThan(0);
  expect(wantedNow()).toEqual([]);
});

test('no canary is wanted by a rotation that is held', async () => {
  const cluster = aCluster('a', 'b', 'c');
  const ports = await fakePorts(cluster);
  const rotation = await startRotation(cluster, ports);
  const isUnderWay = stepUnderWay(new Rotations(ports.journal));
  let place: CanaryPlace | undefined;
  const sign: typeof ports.signer.sign = async (wanted) => {
    const one = wanted.certificates.find(({ for: what }) => 'canary' in what);
    if (!one || !('canary' in one.for)) return ports.signer.sign(wanted);
    const { rotation: id, step } = wanted;
    place = { rotation: id, step, holder: one.holder, domain: one.for.canary };
    expect(isUnderWay(place)).toBe(true);
    const failure = { code: 'bad-key', message: 'no', hint: 'none', retryable: false } as const;
    return { ok: false, failure };
  };
  const { rotation: ended } = await runRotation(
    rotation,
    { ...ports, signer: { ...ports.signer, sign } },
    never,
  );
  expect(ended.state.status).toBe('held');
  expect(place && isUnderWay(place)).toBe(false);
});
