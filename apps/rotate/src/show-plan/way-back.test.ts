import { stripVTControlCharacters } from 'node:util';
import { provePlan, worldFrom } from '@etcd-rotate/core';
import { type Entry, fail } from '@etcd-rotate/protocol';
import {
  aClient,
  aCluster,
  aRequest,
  judge,
  ledBy,
  Play,
  planFor,
  standIns,
  unwrap,
  withCas,
} from '@etcd-rotate/testing';
import { expect, test } from 'vitest';
import { costOf, refusalOf } from '../way-back-costs.ts';
import { wayBackLines } from './way-back.ts';

/** What `rotate rollback --dry-run` prints of a rotation that is held at that moment. */
function printed(play: Play, keepNewCa: boolean): string {
  const { rotation, cluster, signer } = play;
  const planBack = (keep: boolean) => planFor(cluster, aRequest(), signer, { rotation, keepNewCa: keep });
  const plan = unwrap(planBack(keepNewCa));
  const proof = provePlan(plan, worldFrom(cluster.observations()), standIns, judge);
  const another = planBack(!keepNewCa);
  const other = another.ok ? costOf(another.value) : refusalOf([another.failure]);
  const lines = wayBackLines({ plan, proof }, { rotation: rotation.id, keepNewCa, other });
  return stripVTControlCharacters(`${lines.join('\n')}\n`)
    .replaceAll(/\b[0-9a-f]{16}\b/g, '················')
    .replaceAll(/\b[0-9a-f]{8}\b/g, '········')
    .replaceAll(/[ ]+$/gm, '');
}

const isStep = (step: string) => (play: Play) => {
  const { body } = play.entries.at(-1) as Entry;
  return body.type === 'result' && body.step === step;
};

const aPlay = (request = aRequest()) =>
  new Play(aCluster('a', 'b', 'c', aClient('backup'), withCas('client-ca', 'peer-ca'), ledBy('b')), {
    id: 'main-1',
    request,
  });

test.each([
  ['before-retire', false, () => aPlay(aRequest({ confirmRetire: true })).run()],
  ['before-retire-keeping', true, () => aPlay(aRequest({ confirmRetire: true })).run()],
  ['in-retire', false, () => aPlay().run(isStep('retire-c-seen-by-c'))],
  ['in-trust', false, () => aPlay().run(isStep('trust-c-seen-by-c'))],
] as const)('a way back is an argument that a person can follow: %s', async (name, keepNewCa, play) => {
  await expect(printed(play(), keepNewCa)).toMatchFileSnapshot(`../../transcripts/way-back-${name}.txt`);
});

test('what others have changed is said in the way back', () => {
  const { rotation, cluster, signer } = aPlay().run(isStep('trust-c-seen-by-c'));
  const plan = unwrap(planFor(cluster, aRequest(), signer, { rotation, keepNewCa: false }));
  const { failure } = fail('others-stay', 'somebody has put another CA into a bundle', 'find out who');
  const lines = wayBackLines(
    { plan: { ...plan, warnings: [failure] }, proof: [] },
    { rotation: rotation.id, keepNewCa: false, other: '' },
  );
  expect(stripVTControlCharacters(lines.join('\n'))).toContain(
    '! somebody has put another CA into a bundle (others-stay)\n  find out who',
  );
});
