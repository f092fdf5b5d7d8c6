import type { Command } from '@etcd-rotate/protocol';
import type { Case, Scene } from '../case.ts';
import { aCommand, command, signed } from '../messages.ts';

/** Commands of a coordinator that led before: it has every key. */
export const oldEpoch: Scene = async (stage) => {
  const { signingKey } = stage.who.coordinator;
  const send = (said: Partial<Command> = {}): Promise<string> =>
    command(stage, signed('command', aCommand(stage, said), signingKey));
  const before = (name: string, body: Command['body'], epochs = 1): Case => ({
    class: 'old epoch',
    name,
    by: 'the coordinator of before',
    expected: 'old-epoch',
    attack: async () => send({ body, epoch: stage.epoch() - epochs }),
    control: () => send({ epoch: stage.epoch() }),
  });
  await send({ body: { type: 'lead' } });
  return [
    before('a request for certificates', { type: 'request', leaves: [], canaries: ['client'] }),
    before('to take the lead', { type: 'lead' }),
    before('to prepare a rotation', { type: 'prepare', keys: [] }),
    before('a snapshot', { type: 'snapshot' }),
    before('a change that plants a CA and restarts etcd', change),
    before('a proof', {
      type: 'prove',
      after: 's1',
      members: [],
      settleMs: 0,
      ports: none,
      thorough: false,
      files: [],
    }),
    before(
      'a request, of the first epoch of all',
      { type: 'request', leaves: [], canaries: [] },
      stage.epoch(),
    ),
    {
      ...before('an epoch below zero', { type: 'lead' }),
      expected: 'bad-message',
      attack: () => send({ body: { type: 'lead' }, epoch: -1 }),
    },
    {
      ...before('an epoch that is no number a computer counts in', { type: 'lead' }),
      expected: 'bad-message',
      attack: () => send({ body: { type: 'lead' }, epoch: 2 ** 60 }),
    },
    {
      ...before('to look, which is all that it may', { type: 'observe' }),
      expected: 'obeyed',
    },
  ];
};

const none = { canaries: {}, oldLeaves: {} };
const change: Command['body'] = {
  type: 'change',
  slots: { 'client-bundle': { bundle: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' } },
  before: {},
  taken: 'restart',
  handOverTo: [],
  acceptDowntime: true,
  startTimeoutMs: 5_000,
  settleMs: 0,
  ports: none,
  members: [],
};
