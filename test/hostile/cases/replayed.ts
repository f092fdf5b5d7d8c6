import { setTimeout as sleep } from 'node:timers/promises';
import { subjects } from '@etcd-rotate/protocol';
import type { Case, Scene } from '../case.ts';
import { aCommand, aRequest, aResult, command, fleet, lifeOf, request, result, signed } from '../messages.ts';
import type { Stage } from '../stage.ts';

/** Messages that were said rightly once, said again. */
export const replayed: Scene = async (stage) => {
  const { signingKey } = stage.who.coordinator;
  // The epoch of now is stored by the first command of it.
  await command(stage, signed('command', aCommand(stage, { body: { type: 'lead' } }), signingKey));
  return [...commands(stage), ...(await requests(stage)), await aResultAgain(stage)];
};

function commands(stage: Stage): Case[] {
  const { signingKey } = stage.who.coordinator;
  const send = (said: Parameters<typeof aCommand>[1], to = 'm1'): Promise<string> =>
    command(stage, signed('command', aCommand(stage, said), signingKey), to);
  /** Says a command once, and keeps it as whoever hears NATS does. */
  const captured = async (said: Parameters<typeof aCommand>[1] = {}) => {
    const { owner } = stage;
    const since = owner.heard.length;
    await send(said);
    return owner.hears('the command', ({ subject }) => subject === subjects.command(fleet, 'm1'), since);
  };
  const one = {
    class: 'replayed',
    by: 'owner of NATS',
    control: () => send({}),
    mayChange: ['commands of m1'],
  };
  const told = aCommand(stage);
  const again = (said: Parameters<typeof aCommand>[1]) => async (): Promise<string> => {
    await send(told);
    return send({ ...told, ...said });
  };
  return [
    {
      ...one,
      name: 'a command that was obeyed, again: it is answered as before',
      expected: 'obeyed',
      attack: async () => command(stage, await captured()),
    },
    {
      ...one,
      name: 'a command to m1, given to m2',
      expected: 'not-for-us',
      attack: async () => command(stage, await captured(), 'm2'),
    },
    {
      ...one,
      name: 'a command, after it has expired',
      expected: 'too-late',
      attack: async () => {
        const old = await captured(lifeOf(1));
        await sleep(1_100);
        return command(stage, old);
      },
    },
    {
      ...one,
      name: 'the id of a command, with another body',
      expected: 'id-reused',
      attack: again({ body: { type: 'request', leaves: [], canaries: ['client'] } }),
    },
    {
      ...one,
      name: 'the id of a command, for another holder',
      expected: 'id-reused',
      attack: again({ holder: 'client/agent-m1' }),
    },
    {
      ...one,
      name: 'the id of a command, of another rotation',
      expected: 'id-reused',
      attack: again({ rotation: 'another' }),
    },
    {
      ...one,
      name: 'a signature from before, with more time to live',
      expected: 'not-signed',
      attack: async () => {
        const { data, signature } = await captured();
        const said = { ...JSON.parse(new TextDecoder().decode(data)), ...lifeOf(600) };
        return command(stage, { data: new TextEncoder().encode(JSON.stringify(said)), signature });
      },
    },
  ];
}

async function requests(stage: Stage): Promise<Case[]> {
  const admin = await stage.as('operator', 'admin');
  const { signingKey } = stage.who.of('operator', 'admin');
  const send = (said: Parameters<typeof aRequest>[1]): Promise<string> =>
    request(stage, admin, signed('request', aRequest(stage, said), signingKey, 'admin'));
  const one = { class: 'replayed', by: 'owner of NATS', control: () => send({}) };
  return [
    {
      ...one,
      name: 'a request that was obeyed, again: nothing is done twice',
      expected: 'obeyed',
      // The one entry is that of the request itself.
      mayWrite: ['lead'],
      attack: async () => {
        const once = signed('request', aRequest(stage), signingKey, 'admin');
        await request(stage, admin, once);
        const epoch = stage.epoch();
        const answer = await request(stage, stage.owner.bus, once);
        return stage.epoch() === epoch ? answer : 'done twice';
      },
    },
    {
      ...one,
      name: 'the id of a request, with another body',
      by: 'operator admin',
      expected: 'id-reused',
      mayWrite: ['lead'],
      attack: async () => {
        const asked = aRequest(stage);
        await send(asked);
        return send({ ...asked, body: { type: 'hold', rotation: 'r1' } });
      },
    },
    {
      ...one,
      name: 'a request, after it has expired',
      expected: 'too-late',
      mayWrite: ['lead'],
      attack: async () => {
        const once = signed('request', aRequest(stage, lifeOf(1)), signingKey, 'admin');
        await request(stage, admin, once);
        await sleep(1_100);
        return request(stage, stage.owner.bus, once);
      },
    },
  ];
}

async function aResultAgain(stage: Stage): Promise<Case> {
  const m3 = await stage.as('node', 'm3');
  const { signingKey } = stage.who.of('node', 'm3');
  const send = (): Promise<string> => result(m3, signed('result', aResult(), signingKey));
  return {
    class: 'replayed',
    name: 'a result nobody waits for any more: it is taken and not written down',
    by: 'owner of NATS',
    expected: 'obeyed',
    attack: async () => {
      const once = signed('result', aResult(), signingKey);
      await result(m3, once);
      return result(stage.owner.bus, once);
    },
    control: send,
  };
}
