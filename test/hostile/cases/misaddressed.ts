import type { Command } from '@etcd-rotate/protocol';
import type { Case, Scene } from '../case.ts';
import { aCommand, aRequest, aResult, command, request, result, signed } from '../messages.ts';

/** Messages for somebody else than who gets them. */
export const misaddressed: Scene = async (stage) => {
  const { signingKey } = stage.who.coordinator;
  const send = (said: Partial<Command> = {}): Promise<string> =>
    command(stage, signed('command', aCommand(stage, said), signingKey), 'm1');
  const told = (name: string, expected: string, said: Partial<Command>): Case => ({
    class: 'misaddressed',
    name,
    by: 'owner of NATS',
    expected,
    attack: () => send(said),
    control: () => send(),
    // That it was asked, under which id, is what a node remembers of it.
    mayChange: ['commands of m1'],
  });
  const canary: Command['body'] = { type: 'request', leaves: [], canaries: ['peer'] };
  const ofClient: Command['body'] = {
    type: 'request',
    leaves: [{ slot: 'client-leaf', kind: 'ecdsa-p256', change: noChange }],
    canaries: [],
  };
  const m3 = await stage.as('node', 'm3');
  const m3Key = stage.who.of('node', 'm3').signingKey;
  const answer = (said: Parameters<typeof aResult>[0] = {}): Promise<string> =>
    result(m3, signed('result', aResult(said), m3Key));
  const answered = { class: 'misaddressed', by: 'node m3', control: () => answer() };
  const admin = await stage.as('operator', 'admin');
  const adminKey = stage.who.of('operator', 'admin').signingKey;
  const ask = (said: Parameters<typeof aRequest>[1] = {}): Promise<string> =>
    request(stage, admin, signed('request', aRequest(stage, said), adminKey, 'admin'));
  const asked = { class: 'misaddressed', by: 'operator admin', control: () => ask() };
  return [
    told('a command for node m2, given to m1', 'not-for-us', { node: 'm2' }),
    told('a command for another fleet', 'not-for-us', { fleet: 'other' }),
    told("a command for another node's member", 'unknown-holder', { holder: 'member/m2' }),
    told("a command for another node's own client", 'unknown-holder', { holder: 'client/agent-m2' }),
    told('a command for a cluster that the node has no part in', 'unknown-holder', { cluster: 'other' }),
    told('a canary of a holder that is not there', 'unknown-holder', { holder: 'client/etcd', body: canary }),
    told("a client's slot of a member", 'unknown-holder', { body: ofClient }),
    told('a rotation whose name climbs out of the state folder', 'bad-message', { rotation: '../../../etc' }),
    told('an id that is a path', 'bad-message', { id: '/etc/passwd' }),
    told('a holder that is a path', 'bad-message', { holder: 'member/../../m1' as Command['holder'] }),
    {
      ...answered,
      name: "m3's result in the name of m1",
      expected: 'not-for-us',
      attack: () => answer({ node: 'm1' }),
    },
    {
      ...answered,
      name: "m3's result for another fleet",
      expected: 'not-for-us',
      attack: () => answer({ fleet: 'other' }),
    },
    {
      ...asked,
      name: 'a request to the coordinator of another fleet',
      expected: 'not-for-us',
      attack: () => ask({ fleet: 'other' }),
    },
    {
      ...asked,
      name: 'a request about a cluster that there is not',
      expected: 'unknown-cluster',
      attack: () => ask({ body: { type: 'reset-epoch', cluster: 'other' } }),
    },
    {
      ...asked,
      name: 'a request about a rotation that there is not',
      expected: 'unknown-rotation',
      attack: () => ask({ body: { type: 'abandon', rotation: 'other' } }),
    },
  ];
};

const noChange = { addNames: { dns: [], ip: [] }, dropNames: { dns: [], ip: [] } };
