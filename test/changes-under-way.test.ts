import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { type Lab, startLab, until } from '@etcd-rotate/lab';
import { expect, test } from 'vitest';
import { planOf } from './asking.ts';
import { JournalTail } from './chaos/journal-tail.ts';
import { hasEveryCase } from './every-case.ts';
import { lastLine, nobodyLost } from './reading.ts';

// What others do while a rotation is under way is seen before its next step: it holds, says what, and goes on once that is
// taken back.

interface Intrusion {
  codes: string[];
  says: RegExp;
  happens(lab: Lab): Promise<() => Promise<void>>;
}

const intrusions: Intrusion[] = [
  {
    codes: ['changed-by-others'],
    says: /client-bundle of member\/m3/,
    async happens(lab) {
      const [, , m3] = lab.layout.members;
      const [m1] = lab.layout.members;
      if (!m1 || !m3) throw new Error('a lab of three members');
      const text = readFileSync(m3.ca, 'utf8');
      appendFileSync(m3.ca, readFileSync(m1.peerCa, 'utf8'));
      return async () => writeFileSync(m3.ca, text);
    },
  },
  {
    // The gate says it, or the agent that is to stop a member: whoever looks first.
    codes: ['members-differ', 'quorum-at-risk'],
    says: /etcd lists the members|1 that the plan does not know/,
    async happens(lab) {
      const base = lab.layout.members[0]?.address.replace(/\d+$/, '9') ?? '';
      let added = '';
      // etcd takes nobody while a member was away a moment ago: the rotation pauses meanwhile, as after a slow disk.
      await lab.control.coordinator.kill('SIGSTOP');
      await until('etcd takes a member', async () => {
        added = await done(lab, ['member', 'add', 'm9', `--peer-urls=https://${base}:2380`]);
        return true;
      });
      await lab.control.coordinator.kill('SIGCONT');
      const id = /Member +([0-9a-f]+) added/.exec(added)?.[1] ?? '';
      return async () => void (await done(lab, ['member', 'remove', id]));
    },
  },
];

test.each(hasEveryCase ? (['3.4', '3.5'] as const) : (['3.5'] as const))(
  'holds for what others change, and goes on when it is as before (%s)',
  async (etcd) => {
    await using lab = await startLab({ members: 3, etcd, keys: 'ecdsa', oneCa: false });
    const steps = (await planOf(lab)).steps.filter(
      ({ holder, action }) => holder.startsWith('member/') && action.type === 'change',
    );
    using tail = new JournalTail(lab);
    let run = lab.rotate(['--cluster', 'demo', '--yes', '--json']);
    for (const [i, { codes, says, happens }] of intrusions.entries()) {
      await sent(tail, steps[3 + i]?.id ?? '');
      const takeBack = await happens(lab);
      const held = lastLine(await run);
      expect(held).toMatchObject({
        outcome: 'held',
        failure: { code: expect.toBeOneOf(codes), message: expect.stringMatching(says) },
      });
      const entries = tail.entries.length;
      const tooEarly = await lab.rotate(['resume', '--json']);
      expect(tooEarly.code, tooEarly.stdout).toBe(3);
      expect(tail.entries.length).toBe(entries);
      await takeBack();
      run = lab.rotate(['resume', '--json']);
    }
    // Where the lead goes is for nobody to forbid: who has it then hands it over.
    await sent(tail, steps[6]?.id ?? '');
    await until('the lead is moved', async () => moveLead(lab));
    expect(lastLine(await run)).toMatchObject({ outcome: 'rotated' });
    nobodyLost(await lab.load.stop());
  },
);

function sent(tail: JournalTail, step: string): Promise<void> {
  return new Promise((resolve) => {
    tail.follow(() => {
      const isThere = ({ body }: JournalTail['entries'][number]): boolean =>
        body.type === 'sent' && body.step === step && body.command.body.type === 'change';
      if (tail.entries.some(isThere)) resolve();
    });
  });
}

async function moveLead(lab: Lab): Promise<boolean> {
  const leader = await lab.leader();
  const to = lab.layout.members.find(({ name }) => name !== leader)?.name ?? '';
  const list = await done(lab, ['member', 'list']);
  const id = new RegExp(`^([0-9a-f]+), started, ${to},`, 'm').exec(list)?.[1] ?? '';
  const { code } = await lab.etcdctl(['move-leader', id], { member: leader });
  return code === 0;
}

async function done(lab: Lab, args: string[]): Promise<string> {
  const { code, stdout, stderr } = await lab.etcdctl(args, { member: 'm1' });
  if (code !== 0) throw new Error(`etcdctl ${args.join(' ')}: ${stderr}`);
  return stdout;
}
