import { join } from 'node:path';
import { type Lab, type Ran, startLab } from '@etcd-rotate/lab';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { entriesOf, lastLine } from './reading.ts';

// A fleet whose policy wants two persons, and one more who may only look.

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({
    members: 3,
    etcd: '3.5',
    keys: 'ecdsa',
    oneCa: false,
    load: false,
    policy: { approvals: 2 },
  });
  const { identity, fleetFile, listen } = lab.layout.coordinator;
  const more = ['--operator', 'bob', '--read-only-operator', 'eve'];
  const made = await lab.control.coordinate([
    ...['init', identity, '--fleet', fleetFile, '--listen', listen],
    ...more,
  ]);
  if (made.code !== 0) throw new Error(made.stderr);
  await lab.control.coordinator.restart();
  await lab.control.ready();
});
afterAll(() => lab[Symbol.asyncDispose]());

function as(operator: 'admin' | 'bob' | 'eve', ...args: string[]): Promise<Ran> {
  const file = join(lab.layout.coordinator.identity, 'operators', `${operator}.identity.json`);
  return lab.rotate([...args, '--identity', file]);
}

/** What was told to a node, by step. */
async function sent(): Promise<string[]> {
  return (await entriesOf(lab)).flatMap(({ body }) => (body.type === 'sent' ? [body.step] : []));
}

describe('a rotation for which two persons are wanted', () => {
  let before: ReturnType<Lab['slotFiles']>;
  let id = '';
  let digest = '';

  test('is held before anything is sent, and that is no failure', async () => {
    before = lab.slotFiles();
    const run = await as('admin', '--cluster', 'demo', '--yes');
    expect([run.code, run.stderr]).toEqual([4, '']);
    expect(run.stdout).toContain('waits for a second operator');
    expect(run.stdout).toContain('nothing is done before a second operator approves it');
    expect(run.stdout).not.toContain('the way back would be');
    id = /rotation (\S+) is asked for/.exec(run.stdout)?.[1] ?? '';
    expect(await sent()).toEqual([]);
    expect(lab.slotFiles()).toEqual(before);
  });

  test('is let go on neither by who asked for it, nor by a resume, nor by who may look alone', async () => {
    const refused = await Promise.all(
      (
        [
          ['admin', 'resume', [], 'needs-approval', 'waits for the approval of a second operator'],
          ['bob', 'resume', [], 'needs-approval', 'another operator than admin runs'],
          ['admin', 'approve', ['--yes'], 'needs-approval', 'another operator has to approve it'],
          ['bob', 'approve', ['--yes', '--digest', 'f00df00df00df00d'], 'plan-changed', 'f00df00df00df00d'],
          ['eve', 'approve', ['--yes'], 'not-permitted', 'eve may look and not steer'],
          ['eve', 'abandon', ['--yes'], 'not-permitted', 'abandon is not permitted'],
        ] as const
      ).map(async ([operator, verb, more, code, said]) => {
        const run = await as(operator, verb, id, ...more);
        return { run, code: `(${code})`, said };
      }),
    );
    for (const { run, code, said } of refused) {
      expect([run.code, run.stderr]).toEqual([3, expect.stringContaining(code)]);
      expect(run.stderr).toContain(said);
    }
    expect(await sent()).toEqual([]);
  });

  test('waits still when the coordinator is killed and started again', async () => {
    await lab.control.coordinator.kill('SIGKILL');
    await lab.control.coordinator.start();
    await lab.control.ready();
    const run = await as('bob', 'resume', id);
    expect([run.code, run.stderr]).toEqual([3, expect.stringContaining('(needs-approval)')]);
    expect(await sent()).toEqual([]);
  });

  test('says whom it waits for: to who asked that another one has to, and to everybody else that he may', async () => {
    const [own, other, told] = await Promise.all([
      as('admin', 'status'),
      as('bob', 'status'),
      as('bob', 'status', '--json'),
    ]);
    expect([own.code, other.code]).toEqual([4, 4]);
    expect(own.stdout).toContain('admin asked for this rotation of demo');
    expect(own.stdout).toMatch(new RegExp(`rotate approve ${id} +for another operator`));
    expect(other.stdout).toMatch(new RegExp(`rotate approve ${id} +lets it go on, for admin`));
    expect(lastLine(told).rotations).toMatchObject([
      { possible: expect.arrayContaining([`rotate approve ${id}`]) },
    ]);
  });

  test('shows who asked for it and its plan, and asks: without a terminal nobody', async () => {
    const run = await as('bob', 'approve');
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('--yes');
    expect(run.stdout).toMatch(/asked for by admin at 20\d\d-.*; to approve: that it begins/);
    expect(run.stdout).toContain('9 restarts of etcd, one member at a time');
    digest = /--yes --digest ([0-9a-f]{16})/.exec(run.stdout)?.[1] ?? '';
    expect(await sent()).toEqual([]);
  });

  test('goes on with the approval of another operator, up to where old leaves are refused', async () => {
    const run = await as('bob', 'approve', id, '--yes', '--digest', digest);
    expect([run.code, run.stderr]).toEqual([4, '']);
    expect(run.stdout).toContain(
      'a second operator than admin, who asked for the rotation, has to approve that',
    );
    expect(run.stdout).toContain('the way back would be:');
    const steps = await sent();
    expect(steps.some((step) => step.startsWith('issue-'))).toBe(true);
    expect(steps.filter((step) => step.startsWith('retire-'))).toEqual([]);
  });

  test('is not let go on there by who asked for it', async () => {
    for (const args of [
      ['resume', id],
      ['approve', id, '--yes'],
    ]) {
      const run = await as('admin', ...args);
      expect([run.code, run.stderr]).toEqual([3, expect.stringContaining('(needs-approval)')]);
    }
    expect((await sent()).filter((step) => step.startsWith('retire-'))).toEqual([]);
  });

  test('ends with the second approval, and the journal says who gave them', async () => {
    const run = await as('bob', 'approve', id, '--yes', '--json');
    expect(run.code).toBe(0);
    expect(lastLine(run)).toMatchObject({ outcome: 'rotated', restarts: 9 });
    const approved = (await entriesOf(lab)).flatMap(({ body }) =>
      body.type === 'approved' ? [[body.operator, body.before]] : [],
    );
    expect(approved).toEqual([
      ['bob', 'start'],
      ['bob', 'retire'],
    ]);
  });
});

describe('an operator who may look alone', () => {
  test('is answered', async () => {
    const looks = ['--cluster demo --dry-run', 'status', 'journal', 'node list', 'ca list'];
    const answers = await Promise.all(looks.map((look) => as('eve', ...look.split(' '))));
    expect(answers.map(({ code, stderr }) => [code, stderr])).toEqual(looks.map(() => [0, '']));
  });

  test('begins nothing, and that he asked is in the log with his name', async () => {
    const { length } = await entriesOf(lab);
    const run = await as('eve', '--cluster', 'demo', '--yes');
    expect(run.code).toBe(3);
    expect(run.stderr).toContain('eve may look and not steer: start is not permitted (not-permitted)');
    expect(await entriesOf(lab)).toHaveLength(length);
    const refused = lab.control.coordinator
      .log()
      .split('\n')
      .filter((line) => line.includes('not-permitted') && line.includes('"from":"eve"'));
    expect(refused.at(-1)).toContain('operator.eve.request');
  });
});
