import type { EntryBody } from '@etcd-rotate/protocol';
import {
  aClient,
  aCluster,
  aRequest,
  FakeSigner,
  failed,
  Play,
  rotationTranscript,
  withPolicy,
} from '@etcd-rotate/testing';
import { describe, expect, test } from 'vitest';
import { awaitedApproval, mayApprove } from './approval.ts';

const forTwo = withPolicy({ approvals: 2 });

const aPlay = (request = aRequest(), signer = new FakeSigner()): Play =>
  new Play(aCluster('a', 'b', 'c', aClient('backup', { takes: 'reload' }), forTwo), { request, signer });

const approved = (before: 'start' | 'retire', operator = 'bob'): EntryBody => ({
  type: 'approved',
  rotation: 'r1',
  operator,
  before,
});

function approve(play: Play, before: 'start' | 'retire', operator?: string): Play {
  play.record(approved(before, operator));
  return play.run();
}

const types = ({ entries }: Play): string[] => entries.map(({ body }) => body.type);

describe('a rotation for which the policy wants two persons', () => {
  test('holds before anything is sent or made, and names who asked for it', () => {
    const play = aPlay().run();
    expect(types(play)).toEqual(['started', 'held']);
    expect(play.rotation.state).toMatchObject({
      failure: {
        code: 'needs-approval',
        message: 'ann asked for this rotation of main; nothing is done before a second operator approves it',
        hint: 'another operator than ann looks at the plan and runs: rotate approve r1',
      },
    });
    expect(awaitedApproval(play.rotation)).toBe('start');
  });

  test('holds once more before old leaves are refused, and goes on to its end', async () => {
    const play = approve(aPlay().run(), 'start');
    expect(play.rotation.state).toMatchObject({
      status: 'held',
      failure: {
        code: 'needs-approval',
        message: expect.stringMatching(/from retire-backup on .* a second operator than ann, who asked/),
      },
    });
    expect(awaitedApproval(play.rotation)).toBe('retire');
    expect(play.cluster.presents('client')).toEqual(['r1-ca']);
    expect(play.cluster.trusts('client')).toEqual(['ca1', 'r1-ca']);
    approve(play, 'retire');
    expect(play.rotation.state).toMatchObject({ outcome: 'rotated' });
    expect(play.rotation.approved).toEqual({ start: 'bob', retire: 'bob' });
    await expect(rotationTranscript(play.entries)).toMatchFileSnapshot('../transcripts/approved-twice.txt');
  });

  test('asks for no certificate of a step that nobody has approved', () => {
    // Its first step of retire is one of a member, which has throw-away certificates.
    const play = approve(new Play(aCluster('a', 'b', 'c', forTwo)).run(), 'start');
    expect(awaitedApproval(play.rotation)).toBe('retire');
    const retire = play.rotation.plan.steps.filter(({ stage }) => stage === 'retire');
    expect(retire.map(({ id }) => id).filter((id) => id in play.rotation.progress)).toEqual([]);
  });

  test('is confirmed by the approval where both were asked for: it holds twice', () => {
    const play = approve(aPlay(aRequest({ confirmRetire: true })).run(), 'start');
    expect(play.rotation.state).toMatchObject({ failure: { code: 'needs-approval' } });
    approve(play, 'retire');
    expect(play.rotation.state).toMatchObject({ outcome: 'rotated' });
    expect(types(play).filter((type) => type === 'held')).toHaveLength(2);
  });

  test('needs it once where no CA leaves', () => {
    const play = aPlay(aRequest({ strategy: 'renew' }), new FakeSigner('ca1'));
    approve(play.run(), 'start');
    expect(play.rotation.state).toMatchObject({ outcome: 'rotated' });
  });

  test('needs none on its way back', () => {
    const play = approve(aPlay().run(), 'start').rollBack();
    expect(play.rotation.plan.policy.approvals).toBe(1);
    expect(play.rotation.state).toMatchObject({ outcome: 'rolled-back' });
  });

  test('needs none for a step of retire that failed after it was approved', () => {
    const play = aPlay();
    play.cluster.instead('retire-b change', () => failed('install-failed'), 1);
    approve(approve(play.run(), 'start'), 'retire');
    expect(play.rotation.state).toMatchObject({ failure: { code: 'install-failed' } });
    expect(awaitedApproval(play.rotation)).toBeUndefined();
    expect(play.resume().rotation.state).toMatchObject({ outcome: 'rotated' });
  });

  test.each<[string, EntryBody[]]>([
    ['who asked for it approves it', [approved('start', 'ann')]],
    ['it is resumed', [{ type: 'resumed', rotation: 'r1', operator: 'bob' }]],
    ['what is approved is something else', [approved('retire')]],
    ['another rotation is approved', [{ ...approved('start'), rotation: 'r2' } as EntryBody]],
    [
      'it is resumed, and asked to hold, and that is taken back',
      [
        { type: 'resumed', rotation: 'r1', operator: 'ann' },
        { type: 'holding', rotation: 'r1', operator: 'ann' },
        { type: 'resumed', rotation: 'r1', operator: 'ann' },
      ],
    ],
  ])('sends nothing where %s', (_what, bodies) => {
    const play = aPlay().run();
    for (const body of bodies) play.record(body);
    play.run();
    expect(types(play).filter((type) => type === 'sent' || type === 'ca')).toEqual([]);
    expect(play.rotation.approved).toEqual({});
    expect(awaitedApproval(play.rotation)).toBe('start');
    play.crash();
    expect(awaitedApproval(play.rotation)).toBe('start');
  });

  test('is asked to hold first where somebody wants that before retire, and waits for the approval afterwards', () => {
    const play = aPlay().run();
    play.record(approved('start'));
    play.run(({ rotation }) => 'issue-a-seen-by-a' in rotation.progress);
    play.record({ type: 'holding', rotation: 'r1', operator: 'ann' });
    play.run();
    while (play.rotation.state.status === 'held' && awaitedApproval(play.rotation) === undefined)
      play.resume();
    expect(awaitedApproval(play.rotation)).toBe('retire');
    approve(play, 'retire', 'ann');
    expect(awaitedApproval(play.rotation)).toBe('retire');
  });
});

describe('an approval', () => {
  test('is of another operator than who asked for the rotation', () => {
    const { rotation } = aPlay().run();
    expect(mayApprove(rotation, 'bob')).toEqual({ ok: true, value: 'start' });
    expect(mayApprove(rotation, 'ann')).toMatchObject({
      failure: {
        code: 'needs-approval',
        message: 'ann asked for rotation r1, and another operator has to approve it',
      },
    });
  });

  test('is of what waits for one: an agent that says so makes nobody wait', () => {
    const play = aPlay();
    play.cluster.instead('trust-b change', () => failed('needs-approval'), 1);
    approve(play.run(), 'start');
    expect(play.rotation.state).toMatchObject({ failure: { code: 'needs-approval' } });
    expect(mayApprove(play.rotation, 'bob')).toMatchObject({ failure: { code: 'wrong-status' } });
    play.record(approved('retire'));
    expect(play.rotation.approved).toEqual({ start: 'bob' });
  });

  test('is not waited for while it is held for something else', () => {
    const play = aPlay();
    play.record({ type: 'holding', rotation: 'r1', operator: 'ann' });
    play.run();
    expect(play.rotation.state).toMatchObject({ failure: { code: 'held-by-operator' } });
    expect(mayApprove(play.rotation, 'bob')).toMatchObject({ failure: { code: 'wrong-status' } });
    play.record(approved('start'));
    expect(play.rotation.approved).toEqual({});
    play.resume();
    expect(awaitedApproval(play.rotation)).toBe('start');
  });

  test('of nodes that have lost what they kept has them prepared once more', () => {
    const play = approve(aPlay().run(), 'start');
    play.record({ ...approved('retire'), prepareAgain: ['node-b'] } as EntryBody);
    expect(play.rotation.progress['prepare-node-b']).toMatchObject({ sent: [], results: [] });
    expect(play.run().rotation.state).toMatchObject({ outcome: 'rotated' });
  });

  test('is not waited for by a rotation for which one person is enough', () => {
    const play = new Play(aCluster('a', 'b', 'c')).run();
    expect(play.rotation.state).toMatchObject({ outcome: 'rotated' });
    expect(mayApprove(play.rotation, 'bob')).toMatchObject({ failure: { code: 'wrong-status' } });
  });
});
