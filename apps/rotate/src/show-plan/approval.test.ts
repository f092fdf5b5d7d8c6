import { stripVTControlCharacters } from 'node:util';
import { awaitedApproval } from '@etcd-rotate/core';
import { aClient, aCluster, ledBy, Play, withCas, withPolicy } from '@etcd-rotate/testing';
import { expect, test } from 'vitest';
import { possibleNow } from '../possible-now.ts';
import { approvalLines } from './approval.ts';

/** ann has asked for it. */
const aPlay = (): Play =>
  new Play(
    aCluster(
      'a',
      'b',
      'c',
      aClient('backup'),
      withCas('client-ca', 'peer-ca'),
      ledBy('b'),
      withPolicy({ approvals: 2 }),
    ),
    { id: 'main-1' },
  ).run();

function atRetire(): Play {
  const play = aPlay();
  play.record({ type: 'approved', rotation: 'main-1', operator: 'bob', before: 'start' });
  return play.run();
}

/** Fingerprints are those of keys made in this run, and so is the digest of it all. */
function printed({ rotation }: Play): string {
  const before = awaitedApproval(rotation);
  if (!before) throw new Error('it waits for nobody');
  return stripVTControlCharacters(`${approvalLines(rotation, before).join('\n')}\n`)
    .replaceAll(/\b[0-9a-f]{16}\b/g, '················')
    .replaceAll(/\b[0-9a-f]{8}\b/g, '········')
    .replaceAll(/[ ]+$/gm, '');
}

test.each([
  ['start', aPlay],
  ['retire', atRetire],
] as const)('who approves sees who asked for it, and the plan with its cost: %s', async (name, play) => {
  await expect(printed(play())).toMatchFileSnapshot(`../../transcripts/approve-${name}.txt`);
});

test('who asked for it is told that another one has to approve it, and every other one that he may', () => {
  const approve = (asking: string) =>
    possibleNow(aPlay().rotation, asking).find(([command]) => command === 'rotate approve main-1')?.[1];
  expect(approve('ann')).toBe('for another operator: you asked for this rotation yourself');
  expect(approve('bob')).toBe('lets it go on, for ann; shows its plan first');
});

test('what waits for a second operator is not offered to be resumed', () => {
  const commands = possibleNow(atRetire().rotation, 'bob').map(([command]) => command);
  expect(commands).toEqual(['approve', 'rollback', 'abandon'].map((verb) => `rotate ${verb} main-1`));
});
