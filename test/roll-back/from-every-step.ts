import { readFileSync } from 'node:fs';
import { type Lab, type LabOptions, startLab } from '@etcd-rotate/lab';
import type { Plan, Step } from '@etcd-rotate/protocol';
import { expect } from 'vitest';
import { planOf, restartsOf, rotateNow } from '../asking.ts';
import { JournalTail } from '../chaos/journal-tail.ts';
import { type Operator, operatorOf } from '../operator.ts';
import { lastLine, nobodyLost } from '../reading.ts';

/** How each strategy is asked for, and where it can be: a renewal needs the CAs' keys. */
export const strategies = {
  staged: { args: [], lab: {} },
  'when needed': { args: ['--restarts', 'when-needed'], lab: {} },
  renew: { args: ['--strategy', 'renew'], lab: { adoptCas: true } },
} satisfies Record<string, { args: string[]; lab: Partial<LabOptions> }>;

export type StrategyName = keyof typeof strategies;

/**
 * In one cluster under load, again and again: a rotation is begun, held once a step is under way, and taken back. After
 * each, every file is what it was, byte for byte, and only the restarts were made that the plan of the way back had said.
 *
 * @param which of the changes of the plan, by their number
 */
export async function goBackFrom(
  { strategy, etcd }: { strategy: StrategyName; etcd: LabOptions['etcd'] },
  which: (changes: number) => number[],
): Promise<void> {
  const { args, lab: options } = strategies[strategy];
  const policy = { patience: '8s' };
  await using lab = await startLab({ members: 3, etcd, keys: 'ecdsa', oneCa: false, policy, ...options });
  await using operator = await operatorOf(lab);
  const before = bytesIn(lab);
  const steps = changesOf(await planOf(lab, args));
  for (const number of which(steps.length)) {
    const step = steps[number];
    if (!step) continue;
    const isLast = number === steps.length - 1;
    const rotation = await heldAt({ lab, operator, args }, { ...step, isLast });
    const restarts = restartsOf(lab);
    const back = await lab.rotate(['rollback', rotation, '--dry-run', '--json']);
    const { plan } = lastLine(back) as { plan?: Plan };
    const run = await lab.rotate(['rollback', rotation, '--yes', '--json']);
    expect(lastLine(run), `from ${step.id}: ${run.stderr}`).toMatchObject({ outcome: 'rolled-back' });
    expect(run.code).toBe(0);
    expect(restartsOf(lab) - restarts, `restarts from ${step.id}`).toBe(plan?.estimate.etcdRestarts);
    expect(bytesIn(lab), `from ${step.id}`).toEqual(before);
  }
  nobodyLost(await lab.load.stop());
}

interface At {
  lab: Lab;
  operator: Operator;
  args: readonly string[];
}

/** Certificates and keys of everybody, as they lie there. */
function bytesIn(lab: Lab): [string, string][] {
  const files = lab.slotFiles().flatMap(({ file, key }) => (key === undefined ? [file] : [file, key]));
  return files.map((file) => [file, readFileSync(file, 'utf8')]);
}

/** The first step of each group of changes: those beside it are under way with it. */
function changesOf({ steps }: Plan): Step[] {
  const groups = new Map<number, Step>();
  for (const step of steps)
    if (step.action.type === 'change' && !groups.has(step.group)) groups.set(step.group, step);
  return [...groups.values()];
}

/**
 * Held in the middle of its last step it would be only if that could not be finished: then its agent is killed.
 *
 * @returns the id of a rotation that is held at a step
 */
async function heldAt(
  { lab, operator, args }: At,
  { id: step, node, isLast }: Step & { isLast: boolean },
): Promise<string> {
  using tail = new JournalTail(lab);
  const from = tail.entries.length;
  const following = rotateNow(lab, args);
  const rotation = await Promise.race([sentIn(tail, { from, step }), following.then(() => undefined)]);
  if (rotation === undefined)
    throw new Error(`it came to its end before ${step}: ${(await following).stdout}`);
  if (isLast) await lab.control.agent(node).kill('SIGKILL');
  else expect(await operator.ask({ type: 'hold', rotation }), `hold at ${step}`).toMatchObject({ ok: true });
  const failure = { code: isLast ? 'node-away' : 'held-by-operator' };
  expect(lastLine(await following), `held at ${step}`).toMatchObject({ outcome: 'held', failure });
  if (isLast) await lab.control.agent(node).start();
  await lab.control.ready();
  return rotation;
}

/** Resolves when the change of a step was sent. */
function sentIn(tail: JournalTail, { from, step }: { from: number; step: string }): Promise<string> {
  return new Promise((resolve) => {
    tail.follow(() => {
      const sent = tail.entries
        .slice(from)
        .find(
          ({ body }) => body.type === 'sent' && body.step === step && body.command.body.type === 'change',
        );
      if (sent?.body.type === 'sent') resolve(sent.body.rotation);
    });
  });
}
