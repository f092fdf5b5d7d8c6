import { type JoinReply, type JoinRequest, ok, Secret, subjects } from '@etcd-rotate/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askToJoin, type Joiner } from './ask-to-join.ts';
import { encode } from './codec.ts';
import { createTokenKey, type JoinToken } from './join-token.ts';
import { at, at3, fleet } from './messages.fixture.ts';
import { aNats, type Nats, value } from './nats.fixture.ts';
import { createNkey } from './nkeys.ts';
import type { Refusal } from './refusal.ts';
import { serveJoins } from './serve-joins.ts';
import { createSigningKey, sign } from './signing.ts';
import { tokenClaim } from './token-claim.ts';

let nats: Nats;
let server: AsyncDisposable;
beforeAll(async () => {
  nats = await aNats();
  server = value(await nats.start());
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  nats?.[Symbol.dispose]();
});

const taken = { ok: true, coordinatorKey: `${'K'.repeat(43)}=`, nats: 'embedded' } as const;

async function aDoor(answer: JoinReply['outcome'] = taken, retiring?: ReturnType<typeof createSigningKey>) {
  const coordinator = await nats.as('coordinator');
  const asked: JoinRequest[] = [];
  const refused: Refusal[] = [];
  const { privateKey: signingKey, publicKey } = nats.keys.coordinator;
  const before = retiring && { signingKey: retiring.privateKey, publicKey: retiring.publicKey };
  const served = serveJoins(coordinator, {
    fleet,
    keys: { signingKey, publicKey, retiring: before },
    now: at3,
    answer: async (request) => {
      asked.push(request);
      return answer;
    },
    onRefused: (refusal) => refused.push(refusal),
  });
  value(await served.ready());
  const joiner = await nats.as('joiner');
  return {
    joiner,
    asked,
    refused,
    async [Symbol.asyncDispose]() {
      await served[Symbol.asyncDispose]();
      await joiner[Symbol.asyncDispose]();
      await coordinator[Symbol.asyncDispose]();
    },
  };
}

const { key, token } = createTokenKey();

function aToken(said: Partial<JoinToken> = {}): JoinToken {
  const nobody = { servers: [], natsCa: '', joiningSeed: new Secret('') };
  const { publicKey: coordinatorKey } = nats.keys.coordinator;
  return { fleet, node: 'n9', expiresAt: at, ...nobody, coordinatorKey, key, ...said };
}

function aJoiner(): Joiner {
  const { privateKey: signingKey, publicKey } = createSigningKey();
  return { id: 'join.n9.1', nkey: createNkey().publicKey, signingKey, publicKey, now: at3() };
}

test('a node that has made its keys is let in with the token, and believes the coordinator that the token names', async () => {
  await using door = await aDoor();
  const joiner = aJoiner();
  expect(await askToJoin(door.joiner, aToken(), joiner)).toEqual(ok(taken));
  expect(door.asked).toMatchObject([{ node: 'n9', token, publicKey: joiner.publicKey, nkey: joiner.nkey }]);

  const other = aToken({ coordinatorKey: createSigningKey().publicKey });
  expect(await askToJoin(door.joiner, other, joiner)).toMatchObject({ failure: { code: 'not-signed' } });
});

test('a token with the signing key from before is answered with that, and names the present one', async () => {
  const before = createSigningKey();
  await using door = await aDoor(taken, before);
  const said = await askToJoin(door.joiner, aToken({ coordinatorKey: before.publicKey }), aJoiner());
  expect(said).toMatchObject({ ok: true, value: { coordinatorKey: taken.coordinatorKey } });
});

test('nobody on the way puts other keys, another node or another fleet in the place of what the token was shown for', async () => {
  await using door = await aDoor();
  const mine = aJoiner();
  const thief = aJoiner();
  const claim = { fleet, node: 'n9', nkey: mine.nkey, publicKey: mine.publicKey };
  const proof = sign('token', tokenClaim(claim), key);
  const times = { issuedAt: at, expiresAt: '2026-11-24T03:01:00.000Z' };
  const { publicKey: trusts } = nats.keys.coordinator;
  const request: JoinRequest = { v: 1, id: 'j', ...claim, ...times, trusts, token, proof };
  const stolen: [JoinRequest, Secret][] = [
    [{ ...request, nkey: thief.nkey }, mine.signingKey],
    [{ ...request, publicKey: thief.publicKey }, thief.signingKey],
    [{ ...request, node: 'n1' }, mine.signingKey],
    [{ ...request, token: thief.publicKey }, mine.signingKey],
    // Has not got the key that it asks for.
    [request, thief.signingKey],
    // Looks like an nkey, and its checksum is wrong.
    [{ ...request, nkey: `U${'A'.repeat(55)}` }, mine.signingKey],
    [{ ...request, fleet: 'other' }, mine.signingKey],
    [{ ...request, expiresAt: at }, mine.signingKey],
    [{ ...request, proof: sign('join', tokenClaim(claim), key) }, mine.signingKey],
  ];
  const whom = { code: 'coordinator-away', name: 'it', hint: '', timeoutMs: 3000 } as const;
  for (const [said, signedWith] of stolen) {
    const envelope = value(encode('join', said, signedWith));
    value(await door.joiner.request(subjects.join(fleet), envelope, whom));
  }
  expect(door.asked).toEqual([]);
  const codes = [
    'not-signed',
    'not-signed',
    'not-signed',
    'not-signed',
    'not-signed',
    'bad-message',
    'not-for-us',
    'too-late',
    'not-signed',
  ];
  expect(door.refused.map(({ failure }) => failure.code)).toEqual(codes);
  value(
    await door.joiner.request(subjects.join(fleet), value(encode('join', request, mine.signingKey)), whom),
  );
  expect(door.asked).toEqual([request]);
});

test('who has no identity yet may ask to join and nothing else', async () => {
  await using joiner = await nats.as('joiner');
  const message = { data: new Uint8Array() };
  for (const subject of [
    subjects.command(fleet, 'n1'),
    subjects.result(fleet, 'n1'),
    subjects.request(fleet, 'alice'),
    `${subjects.inbox('node', 'n1')}.x`,
    `${subjects.inbox('joining', 'node')}.x`,
  ])
    expect(await joiner.publish(subject, message)).toMatchObject({ failure: { code: 'nats-refused' } });
  for (const subject of [subjects.join(fleet), subjects.command(fleet, 'n1'), '>'])
    expect(await joiner.subscribe(subject, () => undefined).ready()).toMatchObject({
      failure: { code: 'nats-refused' },
    });
  await using node = await nats.as('n1');
  expect(await node.publish(subjects.join(fleet), message)).toMatchObject({
    failure: { code: 'nats-refused' },
  });
});

test('what goes wrong with one does not keep the others out', async () => {
  await using coordinator = await nats.as('coordinator');
  await using joiner = await nats.as('joiner');
  const { privateKey: signingKey, publicKey } = nats.keys.coordinator;
  const refused: Refusal[] = [];
  let count = 0;
  await using served = serveJoins(coordinator, {
    fleet,
    keys: { signingKey, publicKey },
    now: at3,
    answer: async () => {
      count += 1;
      if (count === 1) throw new Error('no room');
      return taken;
    },
    onRefused: (refusal) => refused.push(refusal),
  });
  value(await served.ready());
  expect(await askToJoin(joiner, aToken(), aJoiner())).toMatchObject({ failure: { code: 'internal' } });
  expect(await askToJoin(joiner, aToken(), aJoiner())).toEqual(ok(taken));
  expect(refused.map(({ failure }) => failure.message)).toEqual([expect.stringContaining('no room')]);
});
