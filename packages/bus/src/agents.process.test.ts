import { type Command, type CommandResult, ok, type Result, subjects } from '@etcd-rotate/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readAck } from './ack.ts';
import { type Agents, agentsOn } from './agents.ts';
import type { Bus } from './bus.ts';
import { encode } from './codec.ts';
import { contentsOf } from './contents-of.ts';
import type { NatsServer } from './embedded-server.ts';
import { aCommand, aResult, at3, fleet, untouched } from './messages.fixture.ts';
import { aNats, type Nats, until, value } from './nats.fixture.ts';
import type { Refusal } from './refusal.ts';
import { serveAgent } from './serve-agent.ts';

let nats: Nats;
let server: NatsServer;
beforeAll(async () => {
  nats = await aNats();
  server = value(await nats.start());
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  nats[Symbol.dispose]();
});

interface Lab {
  coordinator: Bus;
  agents: Agents;
  results: CommandResult[];
  /** Ids of the commands that the node began to obey, in order. */
  obeyed: string[];
  refused: { byAgent: Refusal[]; byCoordinator: Refusal[] };
  /** Obeying waits for these. */
  hold: Map<string, Promise<void>>;
  clock: { now: Date };
  [Symbol.asyncDispose](): Promise<void>;
}

/** A coordinator and node n1, connected and listening. */
async function aLab(
  obey?: (command: Command) => Promise<CommandResult['outcome']>,
  goesOn?: Promise<void>,
): Promise<Lab> {
  const coordinator = await nats.as('coordinator');
  const node = await nats.as('n1');
  const lab = {
    results: [] as CommandResult[],
    obeyed: [] as string[],
    refused: { byAgent: [] as Refusal[], byCoordinator: [] as Refusal[] },
    hold: new Map<string, Promise<void>>(),
    clock: { now: at3() },
  };
  const nodeKeys: Record<string, string> = { n1: nats.keys.n1.publicKey, n2: nats.keys.n2.publicKey };
  const agents = agentsOn(coordinator, {
    fleet,
    signingKey: nats.keys.coordinator.privateKey,
    nodeKeys: (name) => nodeKeys[name],
    onRefused: (refusal) => lab.refused.byCoordinator.push(refusal),
  });
  agents.onResult((result) => lab.results.push(result));
  const record = new Map<string, string>();
  let epoch = 0;
  const agent = serveAgent(node, {
    fleet,
    node: 'n1',
    coordinatorKey: () => nats.keys.coordinator.publicKey,
    signingKey: nats.keys.n1.privateKey,
    now: () => lab.clock.now,
    epoch: {
      current: () => epoch,
      async raise(number): Promise<Result<void>> {
        epoch = number;
        return ok(undefined);
      },
    },
    async obey(command) {
      lab.obeyed.push(command.id);
      record.set(command.id, contentsOf(command));
      await lab.hold.get(command.id);
      return obey ? obey(command) : untouched;
    },
    known: (id) => record.get(id),
    onRefused: (refusal) => lab.refused.byAgent.push(refusal),
    ...(goesOn && { goesOn }),
  });
  value(await agents.ready());
  value(await agent.ready());
  return {
    ...lab,
    coordinator,
    agents,
    async [Symbol.asyncDispose]() {
      await agent[Symbol.asyncDispose]();
      agents[Symbol.dispose]();
      await node[Symbol.asyncDispose]();
      await coordinator[Symbol.asyncDispose]();
    },
  };
}

/** Sends bytes as they are, with the coordinator's place on NATS. */
async function sendRaw(
  lab: Lab,
  command: Command,
  sent: { signature?: string | undefined; data?: Uint8Array },
): Promise<Result<void>> {
  const { data, signature } = value(encode('command', command, nats.keys.coordinator.privateKey));
  const whom = { code: 'node-away', name: 'n1', hint: '', timeoutMs: 3000 } as const;
  const answer = await lab.coordinator.request(
    subjects.command(fleet, 'n1'),
    { data, signature, ...sent },
    whom,
  );
  return answer.ok ? readAck(answer.value) : answer;
}

test('a command is acknowledged, obeyed, and its signed result comes back', async () => {
  await using lab = await aLab();
  expect(await lab.agents.send(aCommand())).toEqual(ok(undefined));
  await until('the result', () => lab.results.length === 1);
  expect(lab.results).toEqual([aResult()]);
  expect(lab.refused).toEqual({ byAgent: [], byCoordinator: [] });
});

test('commands are acknowledged at once and obeyed one at a time, in order of arrival', async () => {
  await using lab = await aLab();
  const first = Promise.withResolvers<void>();
  lab.hold.set('a', first.promise);
  for (const id of ['a', 'b', 'c']) value(await lab.agents.send(aCommand({ id })));
  expect(lab.obeyed).toEqual(['a']);
  first.resolve();
  await until('three results', () => lab.results.length === 3);
  expect(lab.results.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
});

test('what alters something waits for what the node was in the middle of; what looks, or says who leads, does not', async () => {
  const goesOn = Promise.withResolvers<void>();
  await using lab = await aLab(undefined, goesOn.promise);
  value(await lab.agents.send(aCommand({ id: 'change' })));
  value(await lab.agents.send(aCommand({ id: 'look', body: { type: 'observe' } })));
  value(await lab.agents.send(aCommand({ id: 'lead', body: { type: 'lead' } })));
  await until('two results', () => lab.results.length === 2);
  expect(lab.obeyed).toEqual(['look', 'lead']);
  goesOn.resolve();
  await until('the third result', () => lab.results.length === 3);
  expect(lab.obeyed).toEqual(['look', 'lead', 'change']);
});

test('a command whose time runs out while the node goes on with another one is not obeyed', async () => {
  const goesOn = Promise.withResolvers<void>();
  await using lab = await aLab(undefined, goesOn.promise);
  value(await lab.agents.send(aCommand()));
  lab.clock.now = new Date('2026-11-24T04:00:00.000Z');
  goesOn.resolve();
  await until('it is refused', () => lab.refused.byAgent.length === 1);
  expect(lab.refused.byAgent[0]?.failure.code).toBe('too-late');
  expect(lab.obeyed).toEqual([]);
});

test('a command that comes again while it is worked on is not obeyed twice; afterwards its result is given again', async () => {
  await using lab = await aLab();
  const first = Promise.withResolvers<void>();
  lab.hold.set('a', first.promise);
  const again = aCommand({ id: 'a', issuedAt: '2026-11-24T03:00:01.000Z' });
  value(await lab.agents.send(aCommand({ id: 'a' })));
  value(await lab.agents.send(again));
  first.resolve();
  await until('the result', () => lab.results.length === 1);
  expect(lab.obeyed).toEqual(['a']);
  value(await lab.agents.send(again));
  await until('the result again', () => lab.results.length === 2);
  expect(lab.results[1]).toEqual(lab.results[0]);
});

test('an id that comes again with other contents is refused, worked on or done', async () => {
  await using lab = await aLab();
  const first = Promise.withResolvers<void>();
  lab.hold.set('a', first.promise);
  const other = aCommand({ id: 'a', body: { type: 'observe' } });
  value(await lab.agents.send(aCommand({ id: 'a' })));
  expect(await lab.agents.send(other)).toMatchObject({ ok: false, failure: { code: 'id-reused' } });
  first.resolve();
  await until('the result', () => lab.results.length === 1);
  expect(await lab.agents.send(other)).toMatchObject({ ok: false, failure: { code: 'id-reused' } });
});

test('what is unsigned, forged, late, misaddressed or of an older epoch is refused by name and never obeyed', async () => {
  await using lab = await aLab();
  value(await lab.agents.send(aCommand({ id: 'good', epoch: 7 })));
  await until('the good one is obeyed', () => lab.results.length === 1);

  const fresh = { id: 'bad', epoch: 7 };
  const forged = value(encode('command', aCommand(fresh), nats.keys.n1.privateKey)).signature;
  const other = value(
    encode('command', aCommand({ ...fresh, id: 'other' }), nats.keys.coordinator.privateKey),
  ).signature;
  const refusals: [string, Result<void>][] = [
    ['not-signed', await sendRaw(lab, aCommand(fresh), { signature: undefined })],
    ['not-signed', await sendRaw(lab, aCommand(fresh), { signature: forged })],
    ['not-signed', await sendRaw(lab, aCommand(fresh), { signature: other })],
    ['bad-message', await sendRaw(lab, aCommand(fresh), { data: new Uint8Array(2 * 1024 * 1024 + 1) })],
    ['too-late', await sendRaw(lab, aCommand({ ...fresh, expiresAt: '2026-11-24T02:59:00.000Z' }), {})],
    ['too-late', await sendRaw(lab, aCommand({ ...fresh, issuedAt: '2026-11-24T03:01:01.000Z' }), {})],
    ['not-for-us', await sendRaw(lab, aCommand({ ...fresh, node: 'n2' }), {})],
    ['not-for-us', await sendRaw(lab, aCommand({ ...fresh, fleet: 'other' }), {})],
    ['old-epoch', await sendRaw(lab, aCommand({ ...fresh, epoch: 6 }), {})],
  ];
  expect(refusals.map(([, answer]) => (answer.ok ? 'taken' : answer.failure.code))).toEqual(
    refusals.map(([code]) => code),
  );
  expect(lab.refused.byAgent.map(({ failure }) => failure.code)).toEqual(refusals.map(([code]) => code));
  expect(lab.obeyed).toEqual(['good']);

  value(await sendRaw(lab, aCommand(fresh), {}));
  await until('the same one, whole, is obeyed', () => lab.obeyed.includes('bad'));
});

test('a recorded command that is replayed after its time is refused', async () => {
  await using lab = await aLab();
  value(await lab.agents.send(aCommand()));
  await until('the result', () => lab.results.length === 1);
  lab.clock.now.setTime(lab.clock.now.getTime() + 120_000);
  expect(await lab.agents.send(aCommand())).toMatchObject({
    ok: false,
    failure: { code: 'too-late', retryable: true },
  });
});

test('a command whose time runs out while it waits is not obeyed, and nothing is said that may not be true', async () => {
  await using lab = await aLab();
  const first = Promise.withResolvers<void>();
  lab.hold.set('a', first.promise);
  for (const id of ['a', 'b']) value(await lab.agents.send(aCommand({ id })));
  lab.clock.now.setTime(lab.clock.now.getTime() + 120_000);
  first.resolve();
  await until('b is refused', () => lab.refused.byAgent.length === 1);
  expect(lab.refused.byAgent).toMatchObject([{ failure: { code: 'too-late' } }]);
  expect(lab.obeyed).toEqual(['a']);
  expect(lab.results.map(({ id }) => id)).toEqual(['a']);
});

test('results of others are not believed: of another key, another node, another fleet, or as another kind', async () => {
  await using lab = await aLab();
  await using n2 = await nats.as('n2');
  const publish = async (
    kind: 'result' | 'command',
    said: Partial<CommandResult>,
    person: 'n1' | 'n2',
  ): Promise<void> => {
    const result = aResult({ node: 'n2', ...said });
    const { data, signature } =
      kind === 'result'
        ? value(encode('result', result, nats.keys[person].privateKey))
        : value(encode('command', aCommand(), nats.keys[person].privateKey));
    value(await n2.publish(subjects.result(fleet, 'n2'), { data, signature, from: 'n2' }));
  };
  await publish('result', {}, 'n1');
  await publish('result', { node: 'n1' }, 'n2');
  await publish('result', { fleet: 'other' }, 'n2');
  await publish('command', {}, 'n2');
  await publish('result', {}, 'n2');
  await until('the good one', () => lab.results.length === 1);
  expect(lab.results).toEqual([aResult({ node: 'n2' })]);
  const codes = lab.refused.byCoordinator.map(({ failure }) => failure.code);
  expect(codes).toEqual(['not-signed', 'not-for-us', 'not-for-us', 'not-signed']);
});

test('an agent that is not there is away, and may be tried again', async () => {
  await using lab = await aLab();
  expect(await lab.agents.send(aCommand({ node: 'n2' }))).toMatchObject({
    ok: false,
    failure: { code: 'node-away', retryable: true },
  });
});

test('a fault while looking is answered; one in the middle of a change is not, since nobody knows what it left', async () => {
  await using lab = await aLab(() => Promise.reject(new Error('a bug')));
  const change: Command['body'] = {
    type: 'change',
    slots: {},
    before: {},
    taken: 'restart',
    handOverTo: [],
    acceptDowntime: false,
    startTimeoutMs: 1,
    settleMs: 0,
    ports: { canaries: {}, oldLeaves: {} },
    members: [],
  };
  value(await lab.agents.send(aCommand({ id: 'looks' })));
  await until('the answer', () => lab.results.length === 1);
  expect(lab.results).toMatchObject([
    { outcome: { ok: false, failure: { code: 'internal' }, decision: 'untouched' } },
  ]);
  value(await lab.agents.send(aCommand({ id: 'changes', body: change })));
  await until('the report', () => lab.refused.byAgent.length === 2);
  expect(lab.results).toHaveLength(1);
});

test('a result finds its way though the server is killed before and started again', async () => {
  await using lab = await aLab();
  const first = Promise.withResolvers<void>();
  lab.hold.set('a', first.promise);
  value(await lab.agents.send(aCommand({ id: 'a' })));
  process.kill(server.pid, 'SIGKILL');
  await until('the loss is noticed', () => nats.events.some(({ type }) => type === 'died'));
  first.resolve();
  await until('the result', () => lab.results.length === 1);
});

test('a result waits for the coordinator that comes after the one that asked', async () => {
  await using lab = await aLab();
  const first = Promise.withResolvers<void>();
  lab.hold.set('a', first.promise);
  value(await lab.agents.send(aCommand({ id: 'a' })));
  lab.agents[Symbol.dispose]();
  first.resolve();
  await new Promise((resolve) => setTimeout(resolve, 50));

  const seen: CommandResult[] = [];
  using next = agentsOn(lab.coordinator, {
    fleet,
    signingKey: nats.keys.coordinator.privateKey,
    nodeKeys: () => nats.keys.n1.publicKey,
    onRefused: () => undefined,
  });
  next.onResult((result) => seen.push(result));
  await until('the result', () => seen.length === 1);
  expect(lab.results).toEqual([]);
});

test('a result that nobody takes while its command lives is reported', async () => {
  await using lab = await aLab();
  const first = Promise.withResolvers<void>();
  lab.hold.set('a', first.promise);
  value(await lab.agents.send(aCommand({ id: 'a' })));
  lab.agents[Symbol.dispose]();
  first.resolve();
  await new Promise((resolve) => setTimeout(resolve, 20));
  lab.clock.now.setTime(lab.clock.now.getTime() + 120_000);
  await until('the report', () => lab.refused.byAgent.length === 1);
  expect(lab.refused.byAgent).toMatchObject([{ failure: { code: 'coordinator-away' } }]);
});
