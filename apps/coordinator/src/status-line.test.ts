import { type Rotation, statusOf } from '@etcd-rotate/core';
import { aCluster, Play } from '@etcd-rotate/testing';
import { expect, test } from 'vitest';
import { statusLine } from './status-line.ts';

const play = (): Play => new Play(aCluster('a', 'b', 'c'));
const stepsAll = (rotation: Rotation): number => statusOf(rotation).stepsAll;

test('is idle while every rotation is finished', () => {
  expect(statusLine([], 1)).toBe('idle: 1 cluster');
  expect(statusLine([play().run().rotation], 2)).toBe('idle: 2 clusters');
});

test('says of each rotation how far it is, at every entry', () => {
  const lines: string[] = [];
  const { rotation } = play().run(({ rotation: now }) => {
    if (now.state.status === 'running') lines.push(statusLine([now], 1));
    return false;
  });
  const all = stepsAll(rotation);
  expect(lines[0]).toBe(`main: prepare, step 1 of ${all}`);
  for (const stage of ['trust', 'issue', 'retire']) {
    expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^main: ${stage}, step \\d+ of ${all}$`)));
  }
});

test('says why a rotation is held, and of each cluster on its own', () => {
  const held: Rotation = {
    ...play().rotation,
    state: {
      status: 'held',
      failure: { code: 'node-away', message: 'node a is away', hint: '', retryable: true },
    },
  };
  const holding: Rotation = {
    ...play().rotation,
    cluster: 'other',
    state: { status: 'holding', operator: 'ann' },
  };
  const all = stepsAll(held);
  expect(statusLine([held, holding], 2)).toBe(
    `main held after step 0 of ${all}: node a is away (node-away); other: prepare, step 1 of ${all}, then it holds`,
  );
});
