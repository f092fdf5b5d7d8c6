import { stripVTControlCharacters } from 'node:util';
import { fail } from '@etcd-rotate/protocol';
import { aCluster, aRequest, FakeSigner, Play, withCas } from '@etcd-rotate/testing';
import { expect, test } from 'vitest';
import { ended } from './ended.ts';
import { Tally } from './tally.ts';

const aPlay = (...held: string[]): Play =>
  new Play(aCluster('a', 'b', 'c', withCas('ca1', 'pca1')), {
    id: 'main-1',
    request: aRequest({ confirmRetire: true }),
    signer: new FakeSigner(...held),
  });

function said({ entries, rotation }: Pick<Play, 'entries' | 'rotation'>): string {
  const tally = new Tally();
  for (const entry of entries) tally.add(entry);
  return stripVTControlCharacters(ended(rotation, tally).join('\n'));
}

test('says what a rotation made', () => {
  const text = said(aPlay().run().resume());
  expect(text).toContain('rotated: 9 restarts of etcd');
  expect(text).toMatch(/CA +main-1-client-ca/);
  expect(text.match(/^ {2}leaf/gm)).toHaveLength(9);
});

test('counts of a rotation that was turned only its way back', () => {
  const text = said(aPlay().run().rollBack());
  expect(text).toContain('rolled-back: 3 restarts of etcd');
  expect(text).toContain('put back: 9 leaves');
  expect(text).toMatch(/nobody trusts .*main-1-client-ca.* any more/);
});

test('says of a new CA that stays trusted how it is taken out later', () => {
  const text = said(aPlay('ca1', 'pca1').run().rollBack({ keepNewCa: true }));
  expect(text).toContain('rolled-back: 0 restarts of etcd');
  expect(text).toMatch(/still trusted .*main-1-client-ca/);
  expect(text).toMatch(/rotate --cluster main --ca client=ca1 --ca peer=pca1 --retire [0-9a-f]{8}/);
});

test('does not name a CA whose key is not held here as where to go', () => {
  const text = said(aPlay().run().rollBack({ keepNewCa: true }));
  expect(text).toMatch(/--retire [0-9a-f]{8} .*given to the next rotation of main/);
});

test('does not imply after a way back that what others have changed is as before', () => {
  const { entries, rotation } = aPlay().run().rollBack();
  const plain = said({ entries, rotation });
  expect(plain).not.toContain('not everything is as it was');
  const { failure } = fail('others-stay', 'somebody has put another CA into a bundle', 'find out who');
  const changed = { ...rotation, plan: { ...rotation.plan, warnings: [failure] } };
  expect(said({ entries, rotation: changed })).toMatch(
    /not everything is as it was before.*\n {2}somebody has put another CA into a bundle \(others-stay\)$/,
  );
});
