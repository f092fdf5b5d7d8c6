import { type OperatorReply, type OperatorRequest, subjects } from '@etcd-rotate/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readAck } from './ack.ts';
import { type AskOptions, askCoordinator } from './ask-coordinator.ts';
import type { Bus } from './bus.ts';
import { encode, sizeLimits } from './codec.ts';
import type { NatsServer } from './embedded-server.ts';
import { aReply, aRequest, at, at3, fleet } from './messages.fixture.ts';
import { aNats, type Nats, value } from './nats.fixture.ts';
import type { Refusal } from './refusal.ts';
import { serveOperators } from './serve-operators.ts';
import { createSigningKey } from './signing.ts';

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

const done: OperatorReply['outcome'] = { ok: true, value: { type: 'done' } };
const resume = { type: 'resume', rotation: 'r1' } as const;

interface Lab {
  alice: Bus;
  asAlice: AskOptions;
  asked: OperatorRequest[];
  refused: Refusal[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** A coordinator that answers, and alice, who asks. */
async function aLab(
  answer: (request: OperatorRequest) => Promise<OperatorReply['outcome']> = async () => done,
): Promise<Lab> {
  const coordinator = await nats.as('coordinator');
  const alice = await nats.as('alice');
  const asked: OperatorRequest[] = [];
  const refused: Refusal[] = [];
  const keys: Record<string, string> = { alice: nats.keys.alice.publicKey, bob: nats.keys.bob.publicKey };
  const served = serveOperators(coordinator, {
    fleet,
    operatorKeys: (name) => keys[name],
    keys: { signingKey: nats.keys.coordinator.privateKey, publicKey: nats.keys.coordinator.publicKey },
    now: at3,
    answer(request) {
      asked.push(request);
      return answer(request);
    },
    onRefused: (refusal) => refused.push(refusal),
  });
  value(await served.ready());
  const { privateKey: signingKey } = nats.keys.alice;
  const asAlice = {
    fleet,
    operator: 'alice',
    signingKey,
    coordinatorKey: nats.keys.coordinator.publicKey,
    now: at3,
  };
  return {
    alice,
    asAlice,
    asked,
    refused,
    async [Symbol.asyncDispose]() {
      await alice[Symbol.asyncDispose]();
      await served[Symbol.asyncDispose]();
      await coordinator[Symbol.asyncDispose]();
    },
  };
}

test('a request is answered, and its failures are brought back as they are', async () => {
  const failures = [{ code: 'wrong-status' as const, message: 'it runs', hint: 'wait', retryable: false }];
  await using lab = await aLab(async ({ body }) => (body.type === 'resume' ? done : { ok: false, failures }));
  expect(await askCoordinator(lab.alice, lab.asAlice, { body: resume, timeoutMs: 3000 })).toEqual(done);
  const refused = await askCoordinator(lab.alice, lab.asAlice, {
    body: { ...resume, type: 'abandon' },
    timeoutMs: 3000,
  });
  expect(refused).toEqual({ ok: false, failures });
  expect(lab.asked.map(({ operator }) => operator)).toEqual(['alice', 'alice']);
});

test('a request that waits does not keep others waiting', async () => {
  const wait = Promise.withResolvers<void>();
  await using lab = await aLab(async ({ body }) => {
    if (body.type === 'journal') await wait.promise;
    return done;
  });
  const body = { type: 'journal', after: 0, waitMs: 0 } as const;
  const long = askCoordinator(lab.alice, lab.asAlice, { body, timeoutMs: 5000 });
  expect(await askCoordinator(lab.alice, lab.asAlice, { body: resume, timeoutMs: 3000 })).toEqual(done);
  wait.resolve();
  expect(await long).toEqual(done);
});

test('the same request asked again is acted on once', async () => {
  await using lab = await aLab();
  const question = { body: resume, timeoutMs: 3000, id: 'q1' };
  expect(await askCoordinator(lab.alice, lab.asAlice, question)).toEqual(done);
  expect(await askCoordinator(lab.alice, lab.asAlice, question)).toEqual(done);
  expect(lab.asked).toHaveLength(1);
});

test('requests of the wrong key, of unknown people, late, misaddressed or unsigned are refused by name', async () => {
  await using lab = await aLab();
  await using bob = await nats.as('bob');
  const later = (): Date => new Date('2026-11-24T04:00:00.000Z');
  const question = { body: resume, timeoutMs: 3000 };
  const answers = [
    await askCoordinator(lab.alice, { ...lab.asAlice, signingKey: nats.keys.bob.privateKey }, question),
    await askCoordinator(lab.alice, { ...lab.asAlice, now: later }, question),
    await askCoordinator(bob, { ...lab.asAlice, operator: 'bob' }, question),
  ];
  const codes = ['not-signed', 'too-late', 'not-signed'];
  expect(answers.map((answer) => (answer.ok ? 'done' : answer.failures[0]?.code))).toEqual(codes);
  // Nobody asks in another one's name: the server does not let it pass.
  for (const operator of ['alice', 'carol'])
    expect(await askCoordinator(bob, { ...lab.asAlice, operator }, question)).toMatchObject({
      failures: [{ code: 'nats-refused' }],
    });

  // Bob signs with his own key and says that it comes from alice.
  const forged = value(encode('request', aRequest(), nats.keys.bob.privateKey));
  const whom = { code: 'coordinator-away', name: 'the coordinator', hint: '', timeoutMs: 3000 } as const;
  const answer = value(await bob.request(subjects.request(fleet, 'bob'), { ...forged, from: 'bob' }, whom));
  expect(readAck(answer)).toMatchObject({ ok: false, failure: { code: 'not-signed' } });

  expect(lab.asked).toEqual([]);
  expect(lab.refused.map(({ failure }) => failure.code)).toEqual([...codes, 'not-signed']);
  expect(await askCoordinator(lab.alice, lab.asAlice, question)).toEqual(done);
});

test('a reply that is too large becomes a failure that says so', async () => {
  await using lab = await aLab(async () => ({
    ok: false,
    failures: [{ code: 'internal', message: 'm'.repeat(sizeLimits.reply), hint: '', retryable: false }],
  }));
  const answer = await askCoordinator(lab.alice, lab.asAlice, { body: { type: 'status' }, timeoutMs: 3000 });
  expect(answer).toMatchObject({
    ok: false,
    failures: [{ code: 'bad-message', hint: 'ask for less at once' }],
  });
});

test('a fault while answering is answered', async () => {
  await using lab = await aLab(() => Promise.reject(new Error('a bug')));
  const answer = await askCoordinator(lab.alice, lab.asAlice, { body: resume, timeoutMs: 3000 });
  expect(answer).toMatchObject({ ok: false, failures: [{ code: 'internal' }] });
});

test('a coordinator that is not there is away', async () => {
  await using alice = await nats.as('alice');
  const keys = { signingKey: nats.keys.alice.privateKey, coordinatorKey: nats.keys.coordinator.publicKey };
  const answer = await askCoordinator(
    alice,
    { fleet, operator: 'alice', ...keys, now: at3 },
    { body: resume, timeoutMs: 3000 },
  );
  expect(answer).toMatchObject({ ok: false, failures: [{ code: 'coordinator-away', retryable: true }] });
});

test.each([
  ['signed by another', createSigningKey().privateKey, 'q1', 'not-signed'],
  ['to another request', undefined, 'q0', 'bad-message'],
])('a reply %s is not believed', async (_what, otherKey, id, code) => {
  await using coordinator = await nats.as('coordinator');
  await using alice = await nats.as('alice');
  const reply = aReply({ id, at });
  const subscription = coordinator.subscribe(subjects.requests(fleet), (message) => {
    void message.respond(value(encode('reply', reply, otherKey ?? nats.keys.coordinator.privateKey)));
  });
  value(await subscription.ready());
  const keys = { signingKey: nats.keys.alice.privateKey, coordinatorKey: nats.keys.coordinator.publicKey };
  const options = { fleet, operator: 'alice', ...keys, now: at3 };
  const answer = await askCoordinator(alice, options, { body: resume, timeoutMs: 3000, id: 'q1' });
  expect(answer).toMatchObject({ ok: false, failures: [{ code }] });
});
