// Two coordinators that share a journal in JetStream, on real etcd: whatever becomes of the one that leads, the rotation
// goes on, and nobody obeys one that led before.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Hopeless, type Lab, type Ran, startLab, until } from '@etcd-rotate/lab';
import type { Entry, OperatorReply } from '@etcd-rotate/protocol';
import { expect, test } from 'vitest';
import { restartsOf, rotateNow } from './asking.ts';
import { testInFull } from './every-case.ts';
import { entriesOf, lastLine, nobodyLost } from './reading.ts';

type Status = Extract<Extract<OperatorReply['outcome'], { ok: true }>['value'], { type: 'status' }>;

const two = { members: 3, keys: 'ecdsa', oneCa: false, coordinators: 2, lease: '3s' } as const;

testInFull(
  'the leader is killed in the middle of a rotation: the standby finishes it, and nobody loses a write',
  async () => {
    await using lab = await startLab({ ...two, etcd: '3.5' });
    const first = await leaderOf(lab);
    const run = rotating(lab);
    await run.restarts(3);
    await first.service.kill('SIGKILL');

    expect(lastLine(await run.ended)).toMatchObject({ outcome: 'rotated', restarts: 9 });
    const second = await leaderOf(lab);
    expect(second.name).not.toBe(first.name);
    const entries = await entriesOf(lab);
    const leads = leadsIn(entries);
    expect(leads.map(({ epoch }) => epoch)).toEqual(leads.map((_, index) => index + 1));
    expect([leads[0]?.coordinator, leads.at(-1)?.coordinator]).toEqual([first.name, second.name]);
    expect(entries.filter(({ body }) => body.type === 'finished')).toHaveLength(1);
    nobodyLost(await lab.load.stop());

    // Who was killed stands by when it is back, and says so.
    await first.service.start();
    await until('the one that was killed stands by', async () => {
      const { coordinators } = await statusOf(lab);
      return coordinators.some(({ name, leads }) => name === first.name && !leads);
    });
    expect((await leaderOf(lab)).name).toBe(second.name);
  },
);

test('the leader is stopped for longer than its lease and woken late: what it says is obeyed by nobody', async () => {
  await using lab = await startLab({ ...two, etcd: '3.4' });
  const first = await leaderOf(lab);
  const run = rotating(lab);
  await run.restarts(2);
  await first.service.kill('SIGSTOP');
  // Until another one has led and commanded.
  await run.restarts(4);
  await first.service.kill('SIGCONT');

  expect(lastLine(await run.ended)).toMatchObject({ outcome: 'rotated', restarts: 9 });
  const entries = await entriesOf(lab);
  const leads = leadsIn(entries);
  expect(leads.map(({ epoch }) => epoch)).toEqual(leads.map((_, index) => index + 1));
  expect(leads[1]?.coordinator).not.toBe(first.name);
  expect(epochsInOrder(entries)).toBe(true);
  for (const { name } of lab.layout.members) {
    const obeyed = epochsObeyed(lab, name);
    expect({ name, obeyed }).toEqual({ name, obeyed: [...obeyed].sort((a, b) => a - b) });
  }
  // By its lease, or by a journal that takes nothing from it any more.
  await until('the one that was stopped has noticed', () =>
    /"lead (lost|given up)"/.test(first.service.log()),
  );
  nobodyLost(await lab.load.stop());
});

test('a standby with another passphrase or another fleet file never leads, and says so', async () => {
  await using lab = await startLab({ ...two, etcd: '3.5', load: false });
  const leader = await leaderOf(lab);
  const other = lab.layout.coordinators.find(({ name }) => name !== leader.name);
  const standby = lab.control.coordinators.find((service) => service !== leader.service);
  if (!other || !standby) throw new Error('no standby');

  const passphrase = readFileSync(other.passphrase, 'utf8');
  writeFileSync(other.passphrase, 'another one\n');
  await standby.restart();
  await until(
    'the leader knows of it',
    async () => (await cannotLead(lab, other.name)) === 'wrong-passphrase',
  );
  expect(timesSaid(standby.log(), 'will not take the lead')).toBe(1);

  writeFileSync(other.passphrase, passphrase);
  const fleet = readFileSync(other.fleetFile, 'utf8');
  writeFileSync(other.fleetFile, `${fleet}    policy: { patience: 90s }\n`);
  await standby.restart();
  await until(
    'the leader knows of it',
    async () => (await cannotLead(lab, other.name)) === 'standby-differs',
  );
  expect(timesSaid(standby.log(), 'will not take the lead')).toBe(2);

  // With the leader gone, nobody leads.
  await leader.service.stop();
  const away = await lab.rotate(['status', '--json']);
  expect(lastLine(away)).toMatchObject({ ok: false });
  expect(standby.log()).not.toContain('"lead taken"');

  // With its files said to be the right ones, it does.
  const shared = await lab.control.coordinate(['share', '--config', other.file]);
  expect(shared.stdout).toContain('shared as revision 2');
  await standby.restart();
  await until('the standby leads', async () => (await leaderOf(lab)).name === other.name);
});

test('a NATS that could lose what it acknowledged is refused, unless it is said to be good enough', async () => {
  await using lab = await startLab({ ...two, members: 1, etcd: '3.5', load: false, adoptCas: true });
  const [first, second] = lab.control.coordinators;
  const [{ file = '' } = {}] = lab.layout.coordinators;
  if (!first || !second || !lab.layout.nats) throw new Error('no two coordinators');
  await first.stop();
  await second.stop();
  const { config } = lab.layout.nats;
  writeFileSync(config, readFileSync(config, 'utf8').replace('sync_interval: always', 'sync_interval: "2m"'));
  await lab.control.nats.restart();

  await first.start();
  await until('it has ended', () => first.pid() === undefined);
  expect(first.log()).toContain('(nats-unsafe)');
  expect(first.log()).toContain('sync_interval: always');

  writeFileSync(file, readFileSync(file, 'utf8').replace('external:', 'external:\n    acceptUnsafe: true'));
  await first.start();
  await until('it leads', async () => (await leaderOf(lab)).service === first);
});

test('a CA is adopted while nobody leads, and whoever leads then holds it', async () => {
  await using lab = await startLab({ ...two, members: 1, etcd: '3.5', load: false });
  const [first, second] = lab.control.coordinators;
  if (!first || !second) throw new Error('no two coordinators');
  const leader = await leaderOf(lab);
  const { ca } = lab.layout;
  const files = { cert: join(ca, 'ca.pem'), key: join(ca, 'ca-key.pem') };
  // Of the first one the folder is held as long as it runs, and of whoever leads the lead.
  await first.stop();
  if (leader.service !== first) {
    const refused = await lab.control.adoptCa('first-ca', files);
    expect(refused.stderr).toContain('(not-leading)');
  }
  await second.stop();
  expect(await lab.control.adoptCa('first-ca', files)).toMatchObject({ code: 0 });
  await second.start();
  await until('the second one leads', async () => (await leaderOf(lab)).service === second);
  const plan = await lab.rotate([
    ...['--cluster', 'demo', '--dry-run', '--json', '--accept-downtime'],
    ...['--strategy', 'renew', '--domain', 'client'],
  ]);
  expect(plan.stdout).not.toContain('ca-not-held');
  expect(lastLine(plan)).toMatchObject({ ok: true });
});

async function statusOf(lab: Lab): Promise<Status> {
  const answer = lastLine(await lab.rotate(['status', '--json']));
  if (answer.ok !== true) throw new Error(JSON.stringify(answer));
  return answer as unknown as Status;
}

async function leaderOf(lab: Lab) {
  const { coordinators } = await statusOf(lab);
  const [leader, ...more] = coordinators.filter(({ leads }) => leads);
  if (!leader || more.length > 0) throw new Error(`who leads? ${JSON.stringify(coordinators)}`);
  const service =
    lab.control.coordinators[lab.layout.coordinators.findIndex(({ name }) => name === leader.name)];
  if (!service) throw new Error(`no coordinator ${leader.name}`);
  return { name: leader.name, service };
}

async function cannotLead(lab: Lab, name: string): Promise<string | undefined> {
  const { coordinators } = await statusOf(lab);
  return coordinators.find((one) => one.name === name)?.cannotLead?.code;
}

/** A rotation under way. */
function rotating(lab: Lab) {
  let over: Ran | undefined;
  const ended = rotateNow(lab).then((ran) => {
    over = ran;
    return ran;
  });
  return {
    ended,
    /** Waits for so many restarts of members. */
    restarts: (count: number) =>
      until(
        `${count} restarts`,
        () => {
          if (over) throw new Hopeless(`rotate ended before: ${over.stdout.slice(-2000)} ${over.stderr}`);
          return restartsOf(lab) >= count;
        },
        { within: 100_000 },
      ),
  };
}

function leadsIn(entries: readonly Entry[]): { coordinator: string | undefined; epoch: number }[] {
  return entries.flatMap(({ body, epoch }) =>
    body.type === 'lead' ? [{ coordinator: body.coordinator, epoch }] : [],
  );
}

/** Every entry has the epoch of the last one who took the lead before it. */
function epochsInOrder(entries: readonly Entry[]): boolean {
  return entries.every(({ epoch }, index) => index === 0 || epoch >= (entries[index - 1]?.epoch ?? 0));
}

/** The epochs of the commands that the agent of a node carried out, in the order in which it began. */
function epochsObeyed(lab: Lab, node: string): number[] {
  return lab.control
    .agent(node)
    .log()
    .split('\n')
    .filter((line) => line.includes('"begins"'))
    .map((line) => (JSON.parse(line) as { epoch: number }).epoch);
}

function timesSaid(log: string, what: string): number {
  return log.split(what).length - 1;
}
