import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Lab, startLab, until } from '@etcd-rotate/lab';
import { isOfRotation } from '@etcd-rotate/protocol';
import { expect, test } from 'vitest';
import { JournalTail } from './chaos/journal-tail.ts';
import { testInFull } from './every-case.ts';
import { entriesOf, lastLine, nobodyLost } from './reading.ts';

test('refuses to start while a member is down, and changes nothing', async () => {
  await using lab = await startLab({ members: 3, etcd: '3.5', keys: 'ecdsa', oneCa: false, load: false });
  const before = lab.slotFiles();
  await lab.etcd('m3').stop();

  const run = await lab.rotate(['--cluster', 'demo', '--yes']);
  expect(run.code).toBe(3);
  expect(run.stderr).toContain('member/m3');
  expect(run.stderr).toContain('process-not-found');
  expect(lab.slotFiles()).toEqual(before);
  expect((await entriesOf(lab)).map(({ body }) => body.type)).toEqual(['lead']);
});

test('a member that cannot start with its new files gets the ones before back, runs, and the rotation holds', async () => {
  await using lab = await startLab({
    members: 3,
    etcd: '3.5',
    keys: 'ecdsa',
    oneCa: false,
    policy: { startTimeout: '10s' },
  });
  const [follower = 'm2'] = await followersOf(lab);
  const before = lab.slotFiles().filter(({ holder }) => holder === `member/${follower}`);
  startsOnlyWhen(lab, follower, `[ "$(grep -c BEGIN ${bundleOf(lab, follower)})" = 1 ]`);

  const run = await lab.rotate(['--cluster', 'demo', '--yes', '--json']);
  expect(run.code).toBe(4);
  expect(lastLine(run)).toMatchObject({
    outcome: 'held',
    failure: { code: expect.stringMatching(/^(not-serving|restart-failed)$/) },
  });
  expect(await decisionsOf(lab)).toContain('restored');
  expect(lab.slotFiles().filter(({ holder }) => holder === `member/${follower}`)).toEqual(before);
  await lab.serving();

  // And once the cause is gone, the same rotation goes on to its end.
  startsOnlyWhen(lab, follower, 'true');
  const { rotation } = lastLine(run);
  const resumed = await lab.rotate(['resume', String(rotation), '--json']);
  expect(lastLine(resumed)).toMatchObject({ outcome: 'rotated' });
  nobodyLost(await lab.load.stop());
});

testInFull(
  'a member that never comes back holds the rotation, with complete files of before and no second member touched',
  async () => {
    await using lab = await startLab({
      members: 3,
      etcd: '3.4',
      keys: 'ecdsa',
      oneCa: false,
      policy: { startTimeout: '2s' },
    });
    const [follower = 'm2'] = await followersOf(lab);
    const before = lab.slotFiles().filter(({ holder }) => holder === `member/${follower}`);
    startsOnlyWhen(lab, follower, 'false');

    const run = await lab.rotate(['--cluster', 'demo', '--yes', '--json']);
    expect(run.code).toBe(4);
    expect(lab.slotFiles().filter(({ holder }) => holder === `member/${follower}`)).toEqual(before);
    const stopped = lab.layout.members.filter(({ name }) => lab.etcd(name).restarts().length > 0);
    expect(stopped.map(({ name }) => name)).toEqual([follower]);
    nobodyLost(await lab.load.stop());
  },
);

testInFull(
  'a coordinator killed in the middle goes on from its journal, and a node that is away is waited for',
  async () => {
    await using lab = await startLab({ members: 3, etcd: '3.5', keys: 'ecdsa', oneCa: false });
    const following = lab.rotate(['--cluster', 'demo', '--yes', '--json']);
    await untilEntry(lab, /"type":"result".*"step":"trust-/);
    await lab.control.coordinator.kill('SIGKILL');
    await lab.control.agent('m3').stop();
    await lab.control.coordinator.start();
    await lab.control.agent('m3').start();

    expect(lastLine(await following)).toMatchObject({ outcome: 'rotated' });
    const epochs = new Set((await entriesOf(lab)).map(({ epoch }) => epoch));
    expect([...epochs]).toEqual([1, 2]);
    nobodyLost(await lab.load.stop());
  },
);

test('a node that stays away holds the rotation, and says which', async () => {
  await using lab = await startLab({
    members: 3,
    etcd: '3.5',
    keys: 'ecdsa',
    oneCa: false,
    load: false,
    policy: { patience: '10s' },
  });
  const following = lab.rotate(['--cluster', 'demo', '--yes', '--json']);
  await untilEntry(lab, /"type":"started"/);
  await lab.control.agent('m3').stop();

  const run = await following;
  expect(run.code).toBe(4);
  expect(lastLine(run)).toMatchObject({
    failure: { code: 'node-away', message: expect.stringContaining('m3') },
  });
  const tooEarly = await lab.rotate(['resume', String(lastLine(run).rotation)]);
  expect(tooEarly.stderr).toContain('node-away');
  await lab.control.agent('m3').start();
  await lab.control.ready();
  const resumed = await lab.rotate(['resume', String(lastLine(run).rotation), '--json']);
  expect(lastLine(resumed)).toMatchObject({ outcome: 'rotated' });
});

test('of a resume and an abandon at the same moment one is done, and nothing follows the end', async () => {
  await using lab = await startLab({
    members: 3,
    etcd: '3.4',
    keys: 'ecdsa',
    oneCa: false,
    load: false,
    policy: { patience: '5s' },
  });
  const following = lab.rotate(['--cluster', 'demo', '--yes', '--json']);
  await untilEntry(lab, /"type":"started"/);
  await lab.control.agent('m3').stop();
  const { rotation } = lastLine(await following);
  await lab.control.agent('m3').start();
  await lab.control.ready();

  const [resumed, abandoned] = await Promise.all(
    [['resume'], ['abandon', '--yes']].map(([verb = '', ...yes]) =>
      lab.rotate([verb, String(rotation), ...yes, '--json']),
    ),
  );
  const outcomes = [resumed, abandoned].map((run) => run && lastLine(run).outcome);
  const ended = (await entriesOf(lab)).filter(({ body }) => isOfRotation(body) && body.rotation === rotation);
  const end = ended.findIndex(({ body }) => body.type === 'finished');
  expect(end).toBe(ended.length - 1);
  expect(ended[end]?.body).toMatchObject({ outcome: outcomes.find((outcome) => outcome !== undefined) });
});

test('a node that is still at work on a rotation that was given up has no new plan made over its head', async () => {
  await using lab = await startLab({
    members: 3,
    etcd: '3.5',
    keys: 'ecdsa',
    oneCa: false,
    load: false,
    policy: { patience: '5s', stepTimeout: '5s' },
  });
  const [follower = 'm2'] = await followersOf(lab);
  const gate = join(lab.folder, 'may-start');
  startsOnlyWhen(lab, follower, `{ until [ -e ${gate} ]; do sleep 0.1; done; }`);
  const run = await lab.rotate(['--cluster', 'demo', '--yes', '--json']);
  expect(lastLine(run)).toMatchObject({ outcome: 'held', failure: { code: 'timed-out' } });
  const { rotation } = lastLine(run);
  expect((await lab.rotate(['rollback', String(rotation), '--dry-run'])).stderr).toContain(
    'rotation-under-way',
  );
  expect((await lab.rotate(['abandon', String(rotation), '--yes'])).code).toBe(0);

  const tooEarly = await lab.rotate(['--cluster', 'demo', '--dry-run']);
  expect(tooEarly.code).toBe(3);
  expect(tooEarly.stderr).toMatch(/is not done yet with an earlier command: .*\.change/);
  writeFileSync(gate, '');
  await until('the agent is done', async () => {
    const { code, stderr } = await lab.rotate(['--cluster', 'demo', '--dry-run']);
    if (code !== 0 && !stderr.includes('rotation-under-way')) throw new Error(stderr);
    return code === 0;
  });
});

async function followersOf(lab: Lab): Promise<string[]> {
  const leader = await lab.leader();
  return lab.layout.members.map(({ name }) => name).filter((name) => name !== leader);
}

function bundleOf(lab: Lab, member: string): string {
  return lab.layout.members.find(({ name }) => name === member)?.ca ?? '';
}

/** From now on the member's etcd exits at once unless a shell condition holds: what a bad file does to one that reads it. */
function startsOnlyWhen(lab: Lab, member: string, condition: string): void {
  const run = join(lab.layout.services, `etcd-${member}`, 'run');
  const lines = readFileSync(run, 'utf8')
    .split('\n')
    .filter((line) => !line.endsWith('|| exit 1'));
  writeFileSync(run, [lines[0], `${condition} || exit 1`, ...lines.slice(1)].join('\n'));
}

async function decisionsOf(lab: Lab): Promise<string[]> {
  return (await entriesOf(lab)).flatMap(({ body }) =>
    body.type === 'result' && !body.result.outcome.ok ? [body.result.outcome.decision] : [],
  );
}

/** Waits for a line of the journal on disk; the rotation under test goes on meanwhile. */
async function untilEntry(lab: Lab, line: RegExp): Promise<void> {
  using tail = new JournalTail(lab);
  await new Promise<void>((resolve) => {
    tail.follow(() => {
      if (line.test(tail.text())) resolve();
    });
  });
}
