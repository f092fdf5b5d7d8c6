import { createSigningKey, sign } from '@etcd-rotate/bus';
import type { Secret } from '@etcd-rotate/protocol';
import type { Case, Scene } from '../case.ts';
import { aCommand, aRequest, aResult, bytesOf, command, request, result, signed } from '../messages.ts';
import type { Stage } from '../stage.ts';

/** Messages of somebody who does not have the key that they must be signed with. */
export const forged: Scene = async (stage) => [
  ...commands(stage),
  ...(await results(stage)),
  ...(await requests(stage)),
];

const mallory = createSigningKey().privateKey;

function commands(stage: Stage): Case[] {
  const { signingKey } = stage.who.coordinator;
  const of = (kind: 'node' | 'operator', name: string): Secret => stage.who.of(kind, name).signingKey;
  const tries: Record<string, () => { data: Uint8Array; signature?: string | undefined }> = {
    'a command without a signature': () => ({ data: bytesOf(aCommand(stage)) }),
    'a command signed with a key that nobody knows': () => signed('command', aCommand(stage), mallory),
    'a command signed by another node': () => signed('command', aCommand(stage), of('node', 'm3')),
    'a command signed by the node itself': () => signed('command', aCommand(stage), of('node', 'm1')),
    'a command signed by an operator': () => signed('command', aCommand(stage), of('operator', 'admin')),
    'a command with a signature that the coordinator made for a reply': () =>
      signed('reply', aCommand(stage), signingKey),
    'a command with the signature of another one': () => ({
      data: bytesOf(aCommand(stage)),
      signature: sign('command', bytesOf(aCommand(stage)), signingKey),
    }),
    'a signed command with its epoch raised': () => {
      const { signature } = signed('command', aCommand(stage), signingKey);
      return { data: bytesOf(aCommand(stage, { epoch: stage.epoch() + 1000 })), signature };
    },
    'a signed command with one space more': () => {
      const { data, signature } = signed('command', aCommand(stage), signingKey);
      return { data: Buffer.concat([data, Buffer.from(' ')]), signature };
    },
    'a signature spelt in another base64': () => {
      const { data, signature = '' } = signed('command', aCommand(stage), signingKey);
      return { data, signature: signature.replace(/=+$/, '') };
    },
  };
  return Object.entries(tries).map(([name, make]) => ({
    class: 'forged',
    name,
    by: 'owner of NATS',
    expected: 'not-signed',
    attack: () => command(stage, make()),
    control: () => command(stage, signed('command', aCommand(stage), signingKey)),
    mayChange: [],
  }));
}

async function results(stage: Stage): Promise<Case[]> {
  const m3 = await stage.as('node', 'm3');
  const key = stage.who.of('node', 'm3').signingKey;
  const control = (): Promise<string> => result(m3, signed('result', aResult(), key));
  const one = { class: 'forged', by: 'node m3', control };
  return [
    {
      ...one,
      name: 'a result without a signature',
      expected: 'not-signed',
      attack: () => result(m3, { data: bytesOf(aResult()) }),
    },
    {
      ...one,
      name: 'a result signed with a key that nobody knows',
      expected: 'not-signed',
      attack: () => result(m3, signed('result', aResult(), mallory)),
    },
    {
      ...one,
      name: 'a result with a signature made for a command',
      expected: 'not-signed',
      attack: () => result(m3, signed('command', aResult(), key)),
    },
    {
      ...one,
      name: "a result of m1 that m3 signed, on m1's subject",
      by: 'node m3 and owner of NATS',
      expected: 'not-signed',
      attack: () => result(stage.owner.bus, signed('result', aResult({ node: 'm1' }), key), 'm1'),
    },
    {
      ...one,
      name: 'a result of a node that nobody knows',
      by: 'owner of NATS',
      expected: 'not-signed',
      attack: () => result(stage.owner.bus, signed('result', aResult({ node: 'm9' }), mallory), 'm9'),
    },
  ];
}

async function requests(stage: Stage): Promise<Case[]> {
  const admin = await stage.as('operator', 'admin');
  const bob = await stage.as('operator', 'bob');
  const adminKey = stage.who.of('operator', 'admin').signingKey;
  const bobKey = stage.who.of('operator', 'bob').signingKey;
  const m3Key = stage.who.of('node', 'm3').signingKey;
  const ofAdmin = {
    class: 'forged',
    by: 'operator admin',
    expected: 'not-signed',
    control: () => request(stage, admin, signed('request', aRequest(stage), adminKey, 'admin')),
  };
  const ofBob = {
    ...ofAdmin,
    by: 'operator bob',
    control: () =>
      request(stage, bob, signed('request', aRequest(stage, { operator: 'bob' }), bobKey, 'bob')),
  };
  return [
    {
      ...ofAdmin,
      name: 'a request without a signature',
      attack: () => request(stage, admin, { data: bytesOf(aRequest(stage)), from: 'admin' }),
    },
    {
      ...ofAdmin,
      name: 'a request with a signature made for a result',
      attack: () => request(stage, admin, signed('result', aRequest(stage), adminKey, 'admin')),
    },
    {
      ...ofAdmin,
      name: 'a request signed by a node',
      by: 'node m3 and owner of NATS',
      attack: () => request(stage, stage.owner.bus, signed('request', aRequest(stage), m3Key, 'admin')),
    },
    {
      ...ofAdmin,
      name: 'a request of somebody who is no operator',
      by: 'owner of NATS',
      attack: () =>
        request(
          stage,
          stage.owner.bus,
          signed('request', aRequest(stage, { operator: 'eve' }), mallory, 'eve'),
        ),
    },
    {
      ...ofBob,
      name: 'a request that bob signed and that says to be from admin',
      attack: () => request(stage, bob, signed('request', aRequest(stage), bobKey, 'bob')),
    },
    {
      ...ofBob,
      name: "a request that bob signed under admin's name",
      by: 'operator bob and owner of NATS',
      attack: () => request(stage, stage.owner.bus, signed('request', aRequest(stage), bobKey, 'admin')),
    },
  ];
}
