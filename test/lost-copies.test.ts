import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Lab, type LabOptions, type Ran, startLab } from '@etcd-rotate/lab';
import type { Failure } from '@etcd-rotate/protocol';
import { expect, test } from 'vitest';
import { rotateNow } from './asking.ts';
import { JournalTail } from './chaos/journal-tail.ts';
import { testInFull } from './every-case.ts';
import { operatorOf } from './operator.ts';
import { entriesOf, lastLine } from './reading.ts';

const failuresOf = (run: { stdout: string }): Failure[] =>
  (lastLine(run) as { failures?: Failure[] }).failures ?? [];

test('a node that has lost its copies has no way back by them, nor a way on: both say so, and a rotation that retires the old CA ends it', async () => {
  await using lab = await aLab();
  const rotation = await heldOnce(lab, 'issue-m2');
  loseCopies(lab, rotation, 'm2');

  const dry = await lab.rotate(['rollback', rotation, '--dry-run', '--json']);
  expect(dry.code).toBe(3);
  expect(failuresOf(dry)).toMatchObject([
    { code: 'no-way-back', message: expect.stringContaining('is not kept on m2 any more') },
  ]);
  const on = await lab.rotate(['resume', rotation, '--json']);
  expect(on.code).toBe(3);
  const refusals = failuresOf(on);
  expect(new Set(refusals.map(({ code }) => code))).toEqual(new Set(['copies-lost']));
  const retire = [...new Set(refusals[0]?.hint.match(/--retire [0-9a-f]+/g))].flatMap((one) =>
    one.split(' '),
  );
  expect(retire.length).toBeGreaterThan(0);
  expect((await lab.rotate(['abandon', rotation, '--yes'])).code).toBe(0);
  const ended = await rotateNow(lab, retire);
  expect(lastLine(ended), ended.stdout + ended.stderr).toMatchObject({ outcome: 'rotated' });
});

testInFull(
  'an agent that has lost all of its state before any leaf was changed copies once more, and can go back as well as on',
  async () => {
    await using lab = await aLab();
    const before = filesOf(lab);
    const rotation = await heldOnce(lab, 'trust-m2');
    const agent = lab.control.agent('m2');
    await agent.stop();
    rmSync(stateOf(lab, 'm2'), { recursive: true });
    await agent.start();
    await lab.control.ready();
    const held = await resumedUntil(lab, { rotation, step: 'issue-m2' });
    expect((await entriesOf(lab)).map(({ body }) => body)).toContainEqual(
      expect.objectContaining({ type: 'resumed', prepareAgain: ['m2'] }),
    );
    const run = await lab.rotate(['rollback', held, '--yes', '--json']);
    expect(lastLine(run), run.stdout + run.stderr).toMatchObject({ outcome: 'rolled-back' });
    expect(filesOf(lab)).toEqual(before);
  },
);

testInFull(
  'with the keys of the old CAs here, what was lost is issued anew, and everything else is what it was',
  async () => {
    await using lab = await aLab({ adoptCas: true });
    const before = filesOf(lab);
    const rotation = await heldOnce(lab, 'issue-m2');
    loseCopies(lab, rotation, 'm2');
    const run = await lab.rotate(['rollback', rotation, '--yes', '--json']);
    expect(lastLine(run), run.stdout + run.stderr).toMatchObject({ outcome: 'rolled-back' });
    const after = filesOf(lab);
    const others = [...before.keys()].filter((file) => before.get(file) !== after.get(file));
    expect(others.length).toBeGreaterThan(0);
    expect(others.filter((file) => !file.includes('/node-m2/'))).toEqual([]);
  },
);

function aLab(options: Partial<LabOptions> = {}): Promise<Lab> {
  return startLab({ members: 3, etcd: '3.5', keys: 'ecdsa', oneCa: false, load: false, ...options });
}

/** A rotation that an operator has held once a change was made. */
function heldOnce(lab: Lab, step: string): Promise<string> {
  return heldAfter(lab, step, () => rotateNow(lab));
}

function resumedUntil(lab: Lab, { rotation, step }: { rotation: string; step: string }): Promise<string> {
  return heldAfter(lab, step, () => lab.rotate(['resume', rotation, '--json']));
}

async function heldAfter(lab: Lab, step: string, goOn: () => Promise<Ran>): Promise<string> {
  await using operator = await operatorOf(lab);
  using tail = new JournalTail(lab);
  const following = goOn();
  const rotation = await Promise.race([
    doneIn(tail, step),
    following.then(({ stdout, stderr }) => {
      throw new Error(`it rests before ${step}: ${stdout}${stderr}`);
    }),
  ]);
  expect(await operator.ask({ type: 'hold', rotation })).toMatchObject({ ok: true });
  expect(lastLine(await following)).toMatchObject({ outcome: 'held', failure: { code: 'held-by-operator' } });
  return rotation;
}

/** Resolves with the rotation when a change was answered. */
function doneIn(tail: JournalTail, step: string): Promise<string> {
  return new Promise((resolve) => {
    tail.follow(() => {
      const done = tail.entries.find(
        ({ body }) => body.type === 'result' && body.step === step && body.result.id.endsWith('.change'),
      );
      if (done?.body.type === 'result') resolve(done.body.rotation);
    });
  });
}

function loseCopies(lab: Lab, rotation: string, member: string): void {
  rmSync(join(stateOf(lab, member), 'rotations', rotation, 'before'), { recursive: true });
}

function stateOf({ layout }: Lab, member: string): string {
  const found = layout.members.find(({ name }) => name === member);
  if (!found) throw new Error(`the lab has no ${member}`);
  return found.agentState;
}

function filesOf(lab: Lab): Map<string, string> {
  const files = lab.slotFiles().flatMap(({ file, key }) => (key === undefined ? [file] : [file, key]));
  return new Map(files.map((file) => [file, readFileSync(file, 'utf8')]));
}
