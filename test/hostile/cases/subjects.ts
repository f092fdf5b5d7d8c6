import { type Bus, connectBus, createNkey, joiningInbox } from '@etcd-rotate/bus';
import { Secret, subjects } from '@etcd-rotate/protocol';
import type { Case, Scene } from '../case.ts';
import { connectAsCoordinator, connected } from '../identities.ts';
import { fleet, requestSubject } from '../messages.ts';
import type { Stage } from '../stage.ts';

/** Each identity on the subjects of all others: the nats-server has to refuse it, whoever would check what was said. */
export const othersSubjects: Scene = async (stage, opened) => {
  const coordinator = await connectAsCoordinator(stage.who.coordinator, stage.who.of('node', 'm1'));
  opened.use(coordinator);
  const { nats } = stage.who.of('node', 'm1');
  const joining = opened.use(
    await connected({
      ...nats,
      nkeySeed: stage.who.coordinator.joining.nkeySeed,
      name: 'somebody with a token',
      inboxPrefix: joiningInbox,
    }),
  );
  return [
    ...triesOf('node m3', await stage.as('node', 'm3'), {
      says: {
        "another node's command": subjects.command(fleet, 'm1'),
        'a command to itself': subjects.command(fleet, 'm3'),
        "another node's result": subjects.result(fleet, 'm1'),
        "an operator's request": requestSubject('admin'),
        'a request to join': subjects.join(fleet),
        'an answer to the coordinator': `${subjects.inbox('coordinator', 'coordinator')}.x.1`,
        'an answer to an operator': `${subjects.inbox('operator', 'admin')}.x.1`,
        'an answer to another node': `${subjects.inbox('node', 'm1')}.x.1`,
        'the journal of coordinators': `etcd-rotate.v1.${fleet}.journal`,
        "NATS's own administration": '$JS.API.STREAM.DELETE.x',
      },
      hears: {
        "another node's commands": subjects.command(fleet, 'm1'),
        'all commands': subjects.command(fleet, '*'),
        'all results': subjects.results(fleet),
        "operators' requests": requestSubject('admin'),
        "the coordinator's inbox": `${subjects.inbox('coordinator', 'coordinator')}.>`,
        "an operator's inbox": `${subjects.inbox('operator', 'admin')}.>`,
        "another node's inbox": `${subjects.inbox('node', 'm1')}.>`,
        everything: '>',
        "NATS's own news": '$SYS.>',
      },
      own: { says: subjects.result(fleet, 'm3'), hears: subjects.command(fleet, 'm3') },
    }),
    ...triesOf('operator bob', await stage.as('operator', 'bob'), {
      says: {
        "a node's command": subjects.command(fleet, 'm1'),
        "a node's result": subjects.result(fleet, 'm1'),
        "another operator's request": requestSubject('admin'),
        'a request to join': subjects.join(fleet),
        'an answer to another operator': `${subjects.inbox('operator', 'admin')}.x.1`,
        'an answer to the coordinator': `${subjects.inbox('coordinator', 'coordinator')}.x.1`,
        'an answer to a node': `${subjects.inbox('node', 'm1')}.x.1`,
      },
      hears: {
        "a node's commands": subjects.command(fleet, 'm1'),
        'all results': subjects.results(fleet),
        "operators' requests": requestSubject('admin'),
        "another operator's inbox": `${subjects.inbox('operator', 'admin')}.>`,
        "the coordinator's inbox": `${subjects.inbox('coordinator', 'coordinator')}.>`,
        everything: '>',
      },
      own: { says: requestSubject('bob'), hears: `${subjects.inbox('operator', 'bob')}.>` },
    }),
    ...triesOf('the coordinator', coordinator, {
      says: {
        "a node's result": subjects.result(fleet, 'm1'),
        "an operator's request": requestSubject('admin'),
        "NATS's own administration": '$JS.API.STREAM.PURGE.x',
      },
      hears: { 'commands to a node': subjects.command(fleet, 'm1'), everything: '>' },
      own: { says: `${subjects.inbox('operator', 'bob')}.x`, hears: subjects.results(fleet) },
    }),
    ...triesOf('a node that may join', joining, {
      says: {
        "a node's command": subjects.command(fleet, 'm1'),
        "a node's result": subjects.result(fleet, 'm1'),
        "an operator's request": requestSubject('admin'),
        'an answer to the coordinator': `${subjects.inbox('coordinator', 'coordinator')}.x.1`,
      },
      hears: {
        "a node's commands": subjects.command(fleet, 'm1'),
        'all results': subjects.results(fleet),
        'requests to join': subjects.join(fleet),
        everything: '>',
      },
      own: { says: subjects.join(fleet), hears: `${joiningInbox}.>` },
    }),
    ...strangers(stage),
  ];
};

interface Tries {
  says: Record<string, string>;
  hears: Record<string, string>;
  own: { says: string; hears: string };
}

function triesOf(by: string, bus: Bus, { says, hears, own }: Tries): Case[] {
  const say = (subject: string) => async (): Promise<string> => {
    const said = await bus.publish(subject, { data: new TextEncoder().encode('{}') });
    return said.ok ? 'obeyed' : said.failure.code;
  };
  const hear = (subject: string) => async (): Promise<string> => {
    using subscription = bus.subscribe(subject, () => undefined);
    const ready = await subscription.ready();
    return ready.ok ? 'obeyed' : ready.failure.code;
  };
  const one = { class: "others' subjects", by, expected: 'nats-refused' };
  return [
    ...Object.entries(says).map(([name, subject]) => ({
      ...one,
      name: `says ${name}`,
      attack: say(subject),
      control: say(own.says),
    })),
    ...Object.entries(hears).map(([name, subject]) => ({
      ...one,
      name: `hears ${name}`,
      attack: hear(subject),
      control: hear(own.hears),
    })),
  ];
}

function strangers({ who }: Stage): Case[] {
  const { nats, name } = who.of('node', 'm3');
  const connecting = { ...nats, name, inboxPrefix: subjects.inbox('node', 'm3'), onEvent: () => undefined };
  const connect = async (said: Partial<typeof connecting>): Promise<string> => {
    const bus = await connectBus({ ...connecting, ...said });
    if (!bus.ok) return bus.failure.code;
    await bus.value[Symbol.asyncDispose]();
    return 'obeyed';
  };
  const one = { class: "others' subjects", by: 'somebody on the network', control: () => connect({}) };
  const seed = nats.nkeySeed.reveal();
  return [
    {
      ...one,
      name: 'an nkey that the server does not know',
      expected: 'nats-refused',
      attack: () => connect({ nkeySeed: createNkey().seed }),
    },
    {
      ...one,
      name: 'an nkey seed with two letters changed',
      expected: 'nats-refused',
      attack: () => connect({ nkeySeed: new Secret(`${seed.slice(0, 20)}AA${seed.slice(22)}`) }),
    },
  ];
}
