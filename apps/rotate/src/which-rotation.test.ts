import { statusOf } from '@etcd-rotate/core';
import type { RotationStatus } from '@etcd-rotate/protocol';
import { aCluster, Play } from '@etcd-rotate/testing';
import { expect, test } from 'vitest';
import { onlyUnfinished } from './which-rotation.ts';

const begun = (id: string): RotationStatus => statusOf(new Play(aCluster('a', 'b', 'c'), { id }).rotation);
const finished = (id: string): RotationStatus =>
  statusOf(new Play(aCluster('a', 'b', 'c'), { id }).run().rotation);

test('takes the only rotation that is not finished', () => {
  const found = onlyUnfinished([finished('main-1'), begun('main-2')]);
  expect(found).toMatchObject({ ok: true, value: { rotation: 'main-2' } });
});

test('asks which one where two are not finished, and names both', () => {
  const found = onlyUnfinished([begun('main-1'), begun('other-1')]);
  expect(found).toMatchObject({ ok: false, failure: { code: 'bad-usage' } });
  expect(found.ok ? '' : found.failure.message).toMatch(/main-1 .*other-1/);
});

test('takes none where all of them are finished', () => {
  const found = onlyUnfinished([finished('main-1')]);
  expect(found).toMatchObject({ ok: false, failure: { code: 'unknown-rotation' } });
});
