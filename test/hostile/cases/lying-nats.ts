import { askCoordinator, type Incoming, type Message } from '@etcd-rotate/bus';
import type { Command } from '@etcd-rotate/protocol';
import type { Case, Scene } from '../case.ts';
import { connectAs } from '../identities.ts';
import { type Between, between, type HandOn, type Liar, type Lies, startLiar } from '../liar.ts';
import { aCommand, aRequest, bytesOf, command, fleet, request, requestSubject, signed } from '../messages.ts';
import type { Heard } from '../nats-owner.ts';
import { journalOf } from '../photo.ts';
import { planFor, startRotation } from '../rotation.ts';
import type { Stage } from '../stage.ts';

/** Whoever owns the NATS server hears all, and says what he likes to whom he likes. */
export const lyingNats: Scene = async (stage, opened) => {
  const liar = await startLiar(stage, opened);
  const since = stage.owner.heard.length;
  const rotation = await startRotation(stage, { strategy: 'renew' });
  const outcome = await rotation.comesTo(0);
  await rotation[Symbol.asyncDispose]();
  if (outcome !== 'rotated') throw new Error(`the rotation to hear was ${outcome}`);
  const heard = stage.owner.heard.slice(since);
  return [
    ...replays(stage, heard),
    ...(await replies(stage, liar, opened)),
    ...(await onTheWay(stage, liar, opened)),
  ];
};

/** Commands of a rotation that is over, and still lives: each is answered as it was, and nothing is done again. */
function replays(stage: Stage, heard: readonly Heard[]): Case[] {
  const { signingKey } = stage.who.coordinator;
  const commands = heard.flatMap((message) => {
    const node = /\.node\.([^.]+)\.command$/.exec(message.subject)?.[1];
    if (node === undefined) return [];
    const said = JSON.parse(new TextDecoder().decode(message.data)) as Command;
    return said.rotation === 'none' ? [] : [{ message, node, said }];
  });
  const last = (type: Command['body']['type']) => commands.findLast(({ said }) => said.body.type === type);
  const one = {
    class: 'lying NATS',
    by: 'owner of NATS',
    control: () => command(stage, signed('command', aCommand(stage), signingKey)),
  };
  const again = (['prepare', 'snapshot', 'request', 'change', 'prove'] as const).map(
    (type): Case => ({
      ...one,
      name: `sends the ${type} of a finished rotation again: it is answered as before`,
      expected: 'obeyed',
      attack: async () => {
        const captured = last(type);
        return captured ? command(stage, captured.message, captured.node) : `no ${type} was heard`;
      },
    }),
  );
  return [
    ...again,
    {
      ...one,
      name: 'sends the change of one node to another',
      expected: 'not-for-us',
      attack: async () => {
        const captured = last('change');
        return captured
          ? command(stage, captured.message, captured.node === 'm1' ? 'm2' : 'm1')
          : 'no change was heard';
      },
    },
    {
      ...one,
      name: 'sends a change of before, once somebody else leads',
      expected: 'old-epoch',
      mayWrite: ['lead'],
      mayChange: ['epoch of'],
      attack: async () => {
        const captured = last('change');
        if (!captured) return 'no change was heard';
        const admin = await stage.as('operator', 'admin');
        const key = stage.who.of('operator', 'admin').signingKey;
        await request(stage, admin, signed('request', aRequest(stage), key, 'admin'));
        const { node } = captured;
        for (const one of ['m1', 'm2', 'm3']) {
          const lead = aCommand(stage, { node: one, body: { type: 'lead' } });
          await command(stage, signed('command', lead, signingKey), one);
        }
        return command(stage, captured.message, node);
      },
    },
  ];
}

/** Somebody answers operators in the coordinator's place. */
async function replies(stage: Stage, liar: Liar, opened: AsyncDisposableStack): Promise<Case[]> {
  const identity = stage.who.of('operator', 'bob');
  const { signingKey, coordinatorKey } = identity;
  const deceived = opened.use(await connectAs(identity, liar.servers));
  const real = await stage.as('operator', 'bob');
  const asking = { fleet, operator: 'bob', signingKey, coordinatorKey, now: () => new Date() };
  let answers: (message: Incoming) => Promise<Message | undefined> = async () => undefined;
  const subscription = liar.bus.subscribe(requestSubject('bob'), (message) => {
    void answers(message).then((answer) => answer && message.respond(answer));
  });
  opened.use(subscription);
  const ready = await subscription.ready();
  if (!ready.ok) throw new Error(ready.failure.message);

  const ask = async (): Promise<string> => {
    const question = { body: { type: 'status' } as const, timeoutMs: 1500 };
    const outcome = await askCoordinator(deceived, asking, question);
    return outcome.ok ? 'obeyed' : (outcome.failures[0]?.code ?? 'no failure');
  };
  /** What the real coordinator says to it. */
  const handOn = async (message: Message): Promise<Message | undefined> => {
    const whom = { code: 'coordinator-away', name: 'the coordinator', hint: '', timeoutMs: 1500 } as const;
    const answer = await real.request(requestSubject('bob'), message, whom);
    return answer.ok ? answer.value : undefined;
  };
  const control = (): Promise<string> => {
    answers = handOn;
    return ask();
  };
  const m3Key = stage.who.of('node', 'm3').signingKey;
  const reply = (id: string): Uint8Array =>
    bytesOf({ v: 1, id, at: new Date().toISOString(), outcome: { ok: true, value: { type: 'done' } } });
  const idOf = ({ data }: Message): string =>
    (JSON.parse(new TextDecoder().decode(data)) as { id: string }).id;
  const refusal = (code: string): Uint8Array =>
    bytesOf(`-${JSON.stringify({ code, message: 'no', hint: '', retryable: false })}`);
  let before: Message | undefined;
  const tries: Record<string, [code: string, answer: (message: Incoming) => Promise<Message | undefined>]> = {
    'a reply of his own': ['not-signed', async (message) => ({ data: reply(idOf(message)) })],
    'a reply that a node signed': [
      'not-signed',
      async (message) => signed('reply', reply(idOf(message)), m3Key),
    ],
    'a reply with the signature of the request': [
      'not-signed',
      async (message) => ({ data: reply(idOf(message)), signature: message.signature }),
    ],
    "the operator's own words": ['not-signed', async (message) => message],
    'a bare yes': ['not-signed', async () => ({ data: bytesOf('+OK') })],
    'the rightly signed reply to an older request': [
      'bad-message',
      async (message) => {
        before ??= await handOn({
          ...signed('request', aRequest(stage, { operator: 'bob', body: { type: 'status' } }), signingKey),
          from: 'bob',
        });
        return before && message.data.length > 0 ? before : undefined;
      },
    ],
    'a reply of which one letter is another': [
      'not-signed',
      async (message) => {
        const answer = await handOn(message);
        return (
          answer && {
            ...answer,
            data: Buffer.from(Buffer.from(answer.data).toString().replace('"leads":true', '"leads":fals')),
          }
        );
      },
    ],
    'half of the reply': [
      'not-signed',
      async (message) => {
        const answer = await handOn(message);
        return answer && { ...answer, data: answer.data.subarray(0, answer.data.length >> 1) };
      },
    ],
    nothing: ['coordinator-away', async () => undefined],
    'a no of his own, which is worth what silence is': [
      'coordinator-away',
      async () => ({ data: refusal('coordinator-away') }),
    ],
    'a no that cannot be read': ['bad-message', async () => ({ data: bytesOf('-no') })],
  };
  const cases = Object.entries(tries).map(
    ([name, [expected, answer]]): Case => ({
      class: 'lying NATS',
      name: `answers an operator with ${name}`,
      by: 'owner of NATS',
      expected,
      attack: () => {
        answers = answer;
        return ask();
      },
      control,
    }),
  );
  cases.push({
    class: 'lying NATS',
    name: 'gives each of two operators at once the reply to the other',
    by: 'owner of NATS',
    expected: 'bad-message bad-message',
    attack: async () => {
      let first: { message: Incoming; answer: Message | undefined } | undefined;
      answers = async (message) => {
        const answer = await handOn(message);
        if (!first) {
          first = { message, answer };
          return undefined;
        }
        if (answer) void first.message.respond(answer);
        return first.answer;
      };
      return (await Promise.all([ask(), ask()])).join(' ');
    },
    control,
  });
  return cases;
}

/** Somebody sits between the coordinator and one node, while certificates are renewed: nothing restarts by it. */
async function onTheWay(stage: Stage, liar: Liar, opened: AsyncDisposableStack): Promise<Case[]> {
  const plan = await planFor(stage, { strategy: 'renew' });
  const node = plan.steps.find(
    ({ holder, action }) => action.type === 'change' && holder.startsWith('member/'),
  )?.node;
  if (node === undefined) throw new Error('a renewal without a member');
  const way: Between = opened.use(await between(stage, liar, node));
  const rotates = async (lies: Lies): Promise<string> => {
    way.lies = lies;
    const after = journalOf(stage.lab).length;
    const rotation = await startRotation(stage, { strategy: 'renew' });
    try {
      const came = await rotation.comesTo(after);
      way.lies = {};
      return came === 'rotated' ? came : `held ${came}, then ${await rotation.resumed()}`;
    } finally {
      way.lies = {};
      await rotation[Symbol.asyncDispose]();
    }
  };
  const yes: Message = { data: bytesOf('+OK') };
  const typeOf = ({ data }: Message): string =>
    (JSON.parse(new TextDecoder().decode(data)) as Command).body.type;
  const firstTime = (): ((message: Message) => boolean) => {
    const seen = new Set<string>();
    return ({ data }) => {
      const { id } = JSON.parse(new TextDecoder().decode(data)) as { id: string };
      return seen.size < seen.add(id).size;
    };
  };
  const tries: Record<string, [expected: string, lies: () => Lies]> = {
    'drops each command once, and says in the place of the agent that it was taken': [
      'rotated',
      () => {
        const isFirst = firstTime();
        return {
          command: async (message, on) => (typeOf(message) !== 'observe' && isFirst(message) ? yes : on()),
        };
      },
    ],
    'says every command three times': [
      'rotated',
      () => ({ command: async (_message, on) => (await Promise.all([on(), on(), on()]))[0] }),
    ],
    'gives results late, in the wrong order and twice': [
      'rotated',
      () => ({
        result: async (message, on) => {
          const late = (Buffer.from(message.data).reduce((sum, byte) => sum + byte, 0) % 5) * 60;
          await new Promise((resolve) => setTimeout(resolve, late));
          await on();
          return on();
        },
      }),
    ],
    'gives a failed result of his own before each true one': [
      'rotated',
      () => ({
        result: async (message, on) => {
          const text = Buffer.from(message.data).toString().replace('"ok":true', '"ok":false');
          await on({ ...message, data: Buffer.from(text) });
          return on();
        },
      }),
    ],
    'says no in the place of the agent': [
      'held old-epoch, then rotated',
      () => ({
        command: async (message, on: HandOn) => {
          if (typeOf(message) === 'observe' || typeOf(message) === 'lead') return on();
          const no = { code: 'old-epoch', message: 'no', hint: '', retryable: false };
          return { data: bytesOf(`-${JSON.stringify(no)}`) };
        },
      }),
    ],
    'drops every command but looks': [
      'held node-away, then rotated',
      () => ({ command: async (message, on) => (typeOf(message) === 'observe' ? on() : undefined) }),
    ],
    'alters the certificates in a change': [
      'held not-signed, then rotated',
      () => ({
        command: async (message, on) => {
          if (typeOf(message) !== 'change') return on();
          const text = Buffer.from(message.data).toString().replace('BEGIN CERTIFICATE', 'BEGIN CERTIFICATf');
          return on({ ...message, data: Buffer.from(text) });
        },
      }),
    ],
  };
  // Also stores the epoch of now on every node.
  const undisturbed = await rotates({});
  const honest = async (): Promise<string> => (undisturbed === 'rotated' ? 'obeyed' : undisturbed);
  return Object.entries(tries).map(
    ([name, [expected, lies]]): Case => ({
      class: 'lying NATS',
      name,
      by: 'owner of NATS',
      expected,
      // A renewal, by the coordinator that is asked for it: no process may restart by it, nor any epoch rise.
      mayWrite: ['started', 'sent', 'result', 'signed', 'held', 'resumed', 'finished'],
      mayChange: ['slot', 'commands of', 'copies of', 'snapshots of'],
      attack: () => rotates(lies()),
      control: honest,
    }),
  );
}
