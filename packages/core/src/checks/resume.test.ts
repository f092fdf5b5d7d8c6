import type { HolderId } from '@etcd-rotate/protocol';
import { aCa, aClient, aCluster, amend, aRequest, type Cluster, Play } from '@etcd-rotate/testing';
import { expect, test } from 'vitest';
import { changedWhileHeld } from './resume.ts';

/** A rotation that was held after its first stage: every bundle has the new CA. */
function heldAfterTrust() {
  const cluster = aCluster('a', 'b', 'c', aClient('backup'), aClient('job', { takes: 'reload' }));
  const play = new Play(cluster).run(({ entries }) => {
    const body = entries.at(-1)?.body;
    return body?.type === 'sent' && body.step.startsWith('issue') && body.command.body.type === 'change';
  });
  return { cluster, play };
}

const said = ({ cluster, play }: ReturnType<typeof heldAfterTrust>, seen = cluster.observations()) =>
  changedWhileHeld(play.rotation, seen).map(
    ({ code, message }) => `${code}: ${message.replace(/ \(.*\)/, '')}`,
  );

test('nothing is said where everything is as the rotation left it', () => {
  expect(said(heldAfterTrust())).toEqual([]);
});

test('nor where a step that is under way was done, and its answer not heard', () => {
  const held = heldAfterTrust();
  for (const command of held.play.unanswered()) held.play.obeyUnheard(command);
  expect(said(held)).toEqual([]);
});

test('a bundle of before that was put back is named, on disk and where it was loaded', () => {
  const held = heldAfterTrust();
  const member = held.cluster.holder('member/b');
  member.files.set('peer-bundle', [aCa('ca1').known]);
  expect(said(held)).toEqual([
    'changed-by-others: member/b: its peer-bundle on node-b is not what the rotation left there: CN=ca1',
  ]);
});

test('a member that was started with another bundle than lies there is named', () => {
  const held = heldAfterTrust();
  const seen = amend(held.cluster.observations(), 'member/b', (member) => ({
    ...member,
    slots: Object.fromEntries(
      Object.entries(member.slots).map(([slot, there]) => [
        slot,
        slot === 'client-bundle' && there ? { ...there, loaded: false, listed: ['CN=ca1'] } : there,
      ]),
    ),
  }));
  expect(said(held, seen)).toEqual([
    'changed-by-others: member/b: its client-bundle on node-b lies there, and its process has loaded another one: CN=ca1',
  ]);
});

test('a member that does not run has loaded nothing, which is for its own step', () => {
  const held = heldAfterTrust();
  const seen = amend(held.cluster.observations(), 'member/b', ({ process: _process, ...member }) => ({
    ...member,
    slots: Object.fromEntries(
      Object.entries(member.slots).map(([slot, there]) => [
        slot,
        there && 'bundle' in there ? { bundle: there.bundle, file: there.file, loaded: false } : there,
      ]),
    ),
  }));
  expect(said(held, seen)).toEqual([]);
});

test('a leaf of somebody else is named', () => {
  const held = heldAfterTrust();
  held.cluster
    .holder('client/backup')
    .files.set('client-leaf', held.cluster.holder('member/a').files.get('server-leaf') ?? []);
  expect(said(held)).toHaveLength(1);
  expect(said(held)[0]).toMatch(
    /^changed-by-others: client\/backup: its client-leaf on node-backup is not what/,
  );
});

test('a client that was changed has to have read its files, and one that was not yet may be as it was found', () => {
  const held = heldAfterTrust();
  expect(said(held, unread(held.cluster, 'client/backup'))).toEqual([
    expect.stringMatching(
      /^changed-by-others: client\/backup: its client-leaf on node-backup is not known .* wrote it again since/,
    ),
    expect.stringContaining('client/backup: its server-bundle on node-backup is not known'),
  ]);
  const [lost] = changedWhileHeld(held.play.rotation, unread(held.cluster, 'client/backup'));
  expect(lost?.hint).toMatch(/^restart client\/backup/);
  expect(changedWhileHeld(held.play.rotation, unread(held.cluster, 'client/job'))).toEqual([]);
  const before = new Play(aCluster('a', aClient('job')), { request: aRequest({ acceptDowntime: true }) });
  expect(changedWhileHeld(before.rotation, unread(before.cluster, 'client/job'))).toEqual([]);
});

/** What is seen of a client that has not read its files. */
function unread(cluster: Cluster, holder: HolderId) {
  return amend(cluster.observations(), holder, (client) => ({
    ...client,
    slots: Object.fromEntries(
      Object.entries(client.slots).map(([slot, there]) => [slot, there && { ...there, loaded: false }]),
    ),
  }));
}
