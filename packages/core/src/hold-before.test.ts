import { aClient, aCluster, aRequest, failed, Play, withPolicy } from '@etcd-rotate/testing';
import { describe, expect, test } from 'vitest';
import { changedWhileHeld } from './checks/resume.ts';

function aPlay(request = aRequest()): Play {
  return new Play(aCluster('a', 'b', 'c', aClient('backup', { takes: 'reload' })), { request });
}

const isSent =
  (id: string) =>
  ({ entries }: Play): boolean => {
    const body = entries.at(-1)?.body;
    return body?.type === 'sent' && body.command.id === id;
  };

describe('an operator who asks to hold', () => {
  const asked = (id: string): Play => {
    const play = aPlay().run(isSent(id));
    play.record({ type: 'holding', rotation: 'r1', operator: 'ann' });
    return play;
  };

  test('gets what is under way finished and proven, and nothing begun', () => {
    const play = asked('r1.issue-b.1.change').run();
    expect(play.rotation.state).toMatchObject({
      status: 'held',
      failure: {
        code: 'held-by-operator',
        message: 'ann asked the rotation to hold; issue-backup would be next',
      },
    });
    expect(play.rotation.progress['issue-b-seen-by-a']?.results).toHaveLength(1);
    expect(
      play.rotation.progress['issue-backup']?.sent.some(({ body }) => body.type === 'change') ?? false,
    ).toBe(false);
    expect(play.cluster.strangers()).toEqual([]);
  });

  test('is not asked for requests that ran ahead, and the rotation goes on from there to its end', () => {
    const play = asked('r1.issue-b.1.change').run();
    const sent = play.entries.filter(({ body }) => body.type === 'sent').length;
    play.resume();
    expect(play.rotation.state).toMatchObject({ outcome: 'rotated' });
    expect(play.entries.filter(({ body }) => body.type === 'sent').length).toBeGreaterThan(sent);
    expect(play.cluster.restarts).toHaveLength(9);
  });

  test('may take it back before the rotation holds: then nothing is begun anew', () => {
    const play = asked('r1.issue-b.1.change');
    const { progress } = play.rotation;
    play.record({ type: 'resumed', rotation: 'r1', operator: 'ann' });
    expect(play.rotation.progress).toEqual(progress);
    expect(play.run().rotation.state).toMatchObject({ outcome: 'rotated' });
    expect(play.entries.some(({ body }) => body.type === 'held')).toBe(false);
  });

  test.each(['trust-c', 'trust-a'])(
    'gets %s finished and proven, of which an agent lost the canaries',
    (step) => {
      const play = aPlay();
      play.cluster.instead(`${step} change`, (command) => {
        // It installs the files, restarts its member, and is killed before it has looked.
        const agent = play.agent(command.node);
        agent.obey({ ...command, id: `${command.id}.unheard` });
        agent.crash();
        play.record({ type: 'holding', rotation: 'r1', operator: 'ann' });
        return failed('canary-lost', { decision: 'kept', retryable: true });
      });
      play.run();
      expect(play.rotation.state).toMatchObject({ failure: { code: 'held-by-operator' } });
      const seen = play.rotation.progress[`${step}-seen-by-a`]?.results;
      expect(seen).toMatchObject([{ outcome: { ok: true } }]);
      expect(changedWhileHeld(play.rotation, play.cluster.observations())).toEqual([]);
      expect(play.resume().rotation.state).toMatchObject({ outcome: 'rotated' });
      expect(play.cluster.restarts).toHaveLength(9);
    },
  );

  test('and finds everything as it was left where it holds for something else meanwhile', () => {
    const play = aPlay();
    play.cluster.instead(
      'retire-b change',
      (command) => {
        play.agent(command.node).obey({ ...command, id: `${command.id}.unheard` });
        return failed('canary-lost', { decision: 'kept' });
      },
      1,
    );
    play.run();
    expect(play.rotation.state).toMatchObject({ failure: { code: 'canary-lost' } });
    expect(changedWhileHeld(play.rotation, play.cluster.observations())).toEqual([]);
  });

  test('and comes too late for the last step, has the rotation finished', () => {
    const play = asked('r1.retire-a-seen-by-a.1.prove').run();
    expect(play.rotation.state).toMatchObject({ status: 'finished', outcome: 'rotated' });
  });
});

describe('a rotation that is to be confirmed', () => {
  test('holds before the first step that refuses old leaves, once', () => {
    const play = aPlay(aRequest({ confirmRetire: true })).run();
    expect(play.rotation.plan.estimate.refusesFrom).toBe('retire-backup');
    expect(play.rotation.state).toMatchObject({
      status: 'held',
      failure: { code: 'confirm-retire', message: expect.stringContaining('from retire-backup on') },
    });
    expect(play.cluster.presents('client')).toEqual(['r1-ca']);
    expect(play.cluster.trusts('client')).toEqual(['ca1', 'r1-ca']);
    play.resume();
    expect(play.rotation.state).toMatchObject({ outcome: 'rotated' });
    expect(play.entries.filter(({ body }) => body.type === 'held')).toHaveLength(1);
  });

  test('asks nobody on its way back', () => {
    const play = aPlay(aRequest({ confirmRetire: true }))
      .run()
      .rollBack();
    expect(play.rotation.state).toMatchObject({ outcome: 'rolled-back' });
  });

  test('may be asked for by the policy', () => {
    const play = new Play(aCluster('a', 'b', 'c', withPolicy({ confirmRetire: true }))).run();
    expect(play.rotation.state).toMatchObject({ failure: { code: 'confirm-retire' } });
    expect(aPlay().run().rotation.state).toMatchObject({ outcome: 'rotated' });
  });
});
