import { readFileSync } from 'node:fs';
import { Secret, subjects } from '@etcd-rotate/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BusEvent, Incoming } from './bus.ts';
import { connectBus } from './connect.ts';
import type { NatsServer } from './embedded-server.ts';
import { fleet } from './messages.fixture.ts';
import { aCertificate, aNats, type Nats, until, value } from './nats.fixture.ts';
import { loopback } from './own-addresses.fixture.ts';

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

const message = { data: new TextEncoder().encode('hello'), from: 'coordinator', signature: 'c2ln' };

describe('a connection', () => {
  test('brings messages with their headers, and answers', async () => {
    await using coordinator = await nats.as('coordinator');
    await using node = await nats.as('n1');
    const subject = subjects.command(fleet, 'n1');
    const seen: Incoming[] = [];
    const subscription = node.subscribe(subject, (incoming) => {
      seen.push(incoming);
      void incoming.respond({ data: new TextEncoder().encode('+OK') });
    });
    value(await subscription.ready());
    const whom = { code: 'node-away', name: 'n1', hint: '', timeoutMs: 3000 } as const;
    const answer = value(await coordinator.request(subject, message, whom));
    expect(new TextDecoder().decode(answer.data)).toBe('+OK');
    expect(seen).toMatchObject([{ subject, from: 'coordinator', signature: 'c2ln' }]);
  });

  test('tells at once that nobody listens, and later that nobody answers', async () => {
    await using coordinator = await nats.as('coordinator');
    await using node = await nats.as('n1');
    const subject = subjects.command(fleet, 'n1');
    const whom = { code: 'node-away', name: 'the agent on node n1', hint: '', timeoutMs: 200 } as const;
    const nobody = await coordinator.request(subject, message, whom);
    expect(nobody).toMatchObject({
      failure: { code: 'node-away', message: 'the agent on node n1 is not connected to NATS' },
    });
    value(await node.subscribe(subject, () => undefined).ready());
    const silent = await coordinator.request(subject, message, whom);
    expect(silent).toMatchObject({
      failure: {
        code: 'node-away',
        message: 'the agent on node n1 did not answer within 200 ms',
        retryable: true,
      },
    });
  });

  test.each([
    ['a node, the result of another', 'n1', subjects.result(fleet, 'n2')],
    ['a node, a command', 'n1', subjects.command(fleet, 'n2')],
    ['a node, a request', 'n1', subjects.request(fleet, 'alice')],
    ['a node, to where the coordinator reads its answers', 'n1', '_INBOX_coordinator_coordinator.x.y'],
    ['an operator, a command', 'alice', subjects.command(fleet, 'n1')],
    ['an operator, a reply to another', 'bob', '_INBOX_operator_alice.x.y'],
    ['the coordinator, a result', 'coordinator', subjects.result(fleet, 'n1')],
  ] as const)('lets nobody publish for others: %s', async (_what, person, subject) => {
    const seen: BusEvent[] = [];
    await using bus = await nats.as(person, seen);
    expect(await bus.publish(subject, message)).toMatchObject({
      ok: false,
      failure: { code: 'nats-refused' },
    });
    expect(seen).toEqual([{ type: 'refused', detail: `publish on ${subject} is not allowed` }]);
  });

  test.each([
    ['a node, the commands of another', 'n1', subjects.command(fleet, 'n2')],
    ['a node, results', 'n1', subjects.results(fleet)],
    ['a node, everything', 'n1', '>'],
    ['a node, the answers to another', 'n1', '_INBOX_node_n2.>'],
    ['an operator, requests', 'alice', subjects.request(fleet, 'alice')],
    ['an operator, the replies to another', 'bob', '_INBOX_operator_alice.>'],
  ] as const)('lets nobody read what is for others: %s', async (_what, person, subject) => {
    const seen: BusEvent[] = [];
    await using bus = await nats.as(person, seen);
    const subscription = bus.subscribe(subject, () => undefined);
    expect(await subscription.ready()).toMatchObject({ ok: false, failure: { code: 'nats-refused' } });
    expect(seen).toEqual([{ type: 'refused', detail: `subscription on ${subject} is not allowed` }]);
  });

  test('lets everybody publish and read what is theirs', async () => {
    await using coordinator = await nats.as('coordinator');
    await using node = await nats.as('n1');
    await using operator = await nats.as('alice');
    const ready = [
      coordinator.subscribe(subjects.results(fleet), () => undefined).ready(),
      coordinator.subscribe(subjects.requests(fleet), () => undefined).ready(),
      node.subscribe(subjects.command(fleet, 'n1'), () => undefined).ready(),
      coordinator.publish(subjects.command(fleet, 'n1'), message),
      node.publish(subjects.result(fleet, 'n1'), message),
      operator.publish(subjects.request(fleet, 'alice'), message),
    ];
    expect((await Promise.all(ready)).map(({ ok }) => ok)).toEqual(ready.map(() => true));
  });
});

describe('connecting', () => {
  const as = (person: 'n1' | 'mallory'): Parameters<typeof connectBus>[0] => ({
    servers: [`tls://${nats.listen}`],
    ca: nats.ca,
    nkeySeed: nats.nkeySeeds[person],
    name: person,
    inboxPrefix: subjects.inbox('node', person),
    onEvent: () => undefined,
  });

  test('is refused to an nkey that the server does not know', async () => {
    expect(await connectBus(as('mallory'))).toMatchObject({
      failure: { code: 'nats-refused', retryable: false },
    });
  });

  test('is refused by us when the server has a certificate of another CA', async () => {
    const ca = readFileSync(aCertificate(nats.folder, 'other').ca, 'utf8');
    const refused = await connectBus({ ...as('n1'), ca, patienceMs: 60_000 });
    expect(refused).toMatchObject({ failure: { code: 'nats-refused', retryable: false } });
    expect(refused.ok ? '' : refused.failure.message).toContain('TLS certificate');
  });

  test('is refused by us when the certificate has another name', async () => {
    using other = await aNats({ certificateFor: '127.0.0.9' });
    await using _server = value(await other.start());
    const refused = await connectBus({ ...as('n1'), servers: [`tls://${other.listen}`], ca: other.ca });
    expect(refused).toMatchObject({ failure: { code: 'nats-refused' } });
  });

  test('fails at once when nobody listens, and names the server', async () => {
    const servers = [`tls://${loopback}.9:4222`];
    const away = await connectBus({ ...as('n1'), servers });
    expect(away).toMatchObject({ failure: { code: 'nats-away', retryable: true } });
    expect(away.ok ? '' : away.failure.message).toContain(servers[0]);
  });

  test('says that the seed is damaged', async () => {
    expect(await connectBus({ ...as('n1'), nkeySeed: new Secret('SUOOPS') })).toMatchObject({
      failure: { code: 'nats-refused' },
    });
  });

  test('waits for a server that is late, and says so once', async () => {
    using late = await aNats();
    const seen: BusEvent[] = [];
    const connecting = connectBus({
      ...as('n1'),
      servers: [`tls://${late.listen}`],
      ca: late.ca,
      nkeySeed: late.nkeySeeds.n1,
      patienceMs: 20_000,
      onEvent: (event) => seen.push(event),
    });
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(seen).toMatchObject([{ type: 'disconnected', detail: expect.stringContaining(late.listen) }]);
    await using _server = value(await late.start());
    await using _bus = value(await connecting);
  });
});

describe('while the server is away', () => {
  test('a publish, a request and a subscription fail instead of being dropped, and all goes on when it is back', async () => {
    const seen: BusEvent[] = [];
    await using coordinator = await nats.as('coordinator', seen);
    await using node = await nats.as('n1');
    const subject = subjects.command(fleet, 'n1');
    let received = 0;
    const subscription = node.subscribe(subject, () => received++);
    value(await subscription.ready());

    process.kill(server.pid, 'SIGKILL');
    await until('the loss is seen', () => seen.some(({ type }) => type === 'disconnected'));
    expect(await coordinator.publish(subject, message)).toMatchObject({
      failure: { code: 'nats-away', retryable: true },
    });
    const whom = { code: 'node-away', name: 'n1', hint: '', timeoutMs: 3000 } as const;
    expect(await coordinator.request(subject, message, whom)).toMatchObject({
      failure: { code: 'nats-away' },
    });

    expect(await coordinator.whenConnected(10_000)).toBe(true);
    expect(await node.whenConnected(10_000)).toBe(true);
    value(await subscription.ready());
    value(await coordinator.publish(subject, message));
    await until('the message after the restart arrives', () => received === 1);
    expect(seen.map(({ type }) => type)).toEqual(['disconnected', 'reconnected']);
  });

  test('a publish in the moment of the loss fails as well', async () => {
    await using coordinator = await nats.as('coordinator');
    await using node = await nats.as('n1');
    const arrived: string[] = [];
    value(
      await node.subscribe(subjects.command(fleet, 'n1'), ({ from }) => arrived.push(from ?? '')).ready(),
    );
    process.kill(server.pid, 'SIGKILL');
    const said: boolean[] = [];
    for (let i = 0; i < 200; i++) {
      const sent = await coordinator.publish(subjects.command(fleet, 'n1'), { ...message, from: `m${i}` });
      said.push(sent.ok);
      if (!sent.ok) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await coordinator.whenConnected(10_000);
    await node.whenConnected(10_000);
    // The node may have missed what the server took; it has never got what was said to have failed.
    const failed = said.flatMap((ok, i) => (ok ? [] : [`m${i}`]));
    expect(failed.length).toBeGreaterThan(0);
    expect(arrived.filter((name) => failed.includes(name))).toEqual([]);
  });

  test('a connection closes within its bound', async () => {
    using other = await aNats();
    await using running = value(await other.start());
    const bus = await other.as('n1');
    await running[Symbol.asyncDispose]();
    const before = performance.now();
    await bus[Symbol.asyncDispose]();
    expect(performance.now() - before).toBeLessThan(30_000);
  });
});
