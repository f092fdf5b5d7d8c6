import {
  askToJoin,
  type Bus,
  connectBus,
  createNkey,
  createSigningKey,
  createTokenKey,
  type JoinToken,
  joiningInbox,
  publicKeyOf,
  sign,
} from '@etcd-rotate/bus';
import { type OperatorBody, type Secret, subjects } from '@etcd-rotate/protocol';
import { tokenClaim } from '../../../packages/bus/src/token-claim.ts';
import { operatorOf } from '../../operator.ts';
import type { Case, Scene } from '../case.ts';
import { connected } from '../identities.ts';
import { askWith, bytesOf, fleet, lifeOf, signed } from '../messages.ts';

/** Somebody who has found a token, or a part of one: he becomes no node by it, or the one that it was made for. */
export const joining: Scene = async (stage, opened) => {
  const operator = opened.use(await operatorOf(stage.lab));
  // Every change of identities has the server's configuration written anew, without its owner.
  opened.defer(() => stage.owner.renew());
  const { nats } = stage.who.of('node', 'm1');
  const { joining: key, publicKey: coordinatorKey } = stage.who.coordinator;
  const connecting = {
    ...nats,
    nkeySeed: key.nkeySeed,
    name: 'somebody with a token',
    inboxPrefix: joiningInbox,
  };
  const bus = opened.use(await connected(connecting));
  const steer = async (body: OperatorBody): Promise<string> => {
    const outcome = await operator.ask(body);
    return outcome.ok ? 'obeyed' : (outcome.failures[0]?.code ?? 'no failure');
  };
  const next = counter();
  /** A token for a node, as `rotate node add` makes it. */
  const invited = async (node = `n${next()}`): Promise<JoinToken> => {
    const { key: tokenKey, token } = createTokenKey();
    const told = await steer({ type: 'node-add', node, token, replace: false });
    if (told !== 'obeyed') throw new Error(`node add ${node}: ${told}`);
    return tokenFor(node, tokenKey);
  };
  const tokenFor = (node: string, tokenKey: Secret): JoinToken => ({
    ...{ fleet, node, servers: nats.servers, natsCa: nats.ca, coordinatorKey, key: tokenKey },
    expiresAt: lifeOf(3600).expiresAt,
    joiningSeed: key.nkeySeed,
  });
  const someone = () => {
    const { privateKey: signingKey, publicKey } = createSigningKey();
    return { nkey: createNkey(), signingKey, publicKey };
  };
  const join = async (token: JoinToken, who = someone(), via: Bus = bus): Promise<string> => {
    const joiner = { ...who, nkey: who.nkey.publicKey, id: `hostile.${next()}`, now: new Date() };
    const answer = await askToJoin(via, token, joiner);
    return answer.ok ? 'obeyed' : answer.failure.code;
  };
  /** As askToJoin says it, with something else in it. */
  const joinSaying = async (token: JoinToken, said: object, signs?: Secret): Promise<string> => {
    const who = someone();
    const claim = { fleet, node: token.node, nkey: who.nkey.publicKey, publicKey: who.publicKey };
    const honest = {
      ...{ v: 1, id: `hostile.${next()}`, ...claim, ...lifeOf(30), trusts: coordinatorKey },
      token: publicKeyOf(token.key),
      proof: sign('token', tokenClaim(claim), token.key),
    };
    const message = signed('join', bytesOf({ ...honest, ...said }), signs ?? who.signingKey, token.node);
    return askWith(bus, subjects.join(fleet), message);
  };
  const proofOf = (claim: { node: string; nkey: string; publicKey: string }, tokenKey: Secret): string =>
    sign('token', tokenClaim({ fleet, ...claim }), tokenKey);
  const one = {
    class: 'joining',
    by: 'who has found a token',
    mayWrite: ['invited', 'joined', 'removed'] as const,
    control: async () => join(await invited()),
  };
  const cases: Case[] = [
    {
      ...one,
      name: 'joins with a token that was used',
      expected: 'bad-token',
      attack: async () => {
        const token = await invited();
        await join(token);
        return join(token);
      },
    },
    {
      ...one,
      name: 'joins with the token of another node',
      expected: 'bad-token',
      attack: async () => {
        const [token, other] = [await invited(), await invited()];
        return join({ ...token, node: other.node });
      },
    },
    {
      ...one,
      name: 'joins as a node that has an identity, with the token of a new one',
      expected: 'bad-token',
      attack: async () => join({ ...(await invited()), node: 'm1' }),
    },
    {
      ...one,
      name: 'joins with a token that nobody gave out',
      by: 'somebody on the network',
      expected: 'bad-token',
      attack: () => join(tokenFor('n99', createTokenKey().key)),
    },
    {
      ...one,
      name: 'joins with a token that was taken back',
      expected: 'bad-token',
      attack: async () => {
        const token = await invited();
        await steer({ type: 'node-remove', node: token.node });
        return join(token);
      },
    },
    {
      ...one,
      name: 'joins with keys of his own and the proof for those of the node',
      by: 'owner of NATS',
      expected: 'not-signed',
      attack: async () => {
        const token = await invited();
        const { nkey, publicKey } = someone();
        return joinSaying(token, {
          proof: proofOf({ node: token.node, nkey: nkey.publicKey, publicKey }, token.key),
        });
      },
    },
    {
      ...one,
      name: 'joins with the key of somebody else',
      by: 'owner of NATS',
      expected: 'not-signed',
      attack: async () => joinSaying(await invited(), {}, someone().signingKey),
    },
    {
      ...one,
      name: 'joins another fleet',
      expected: 'not-for-us',
      attack: async () => joinSaying(await invited(), { fleet: 'other' }),
    },
    {
      ...one,
      name: 'joins with a request from yesterday',
      expected: 'too-late',
      attack: async () => joinSaying(await invited(), lifeOf(30, -86_400)),
    },
    {
      ...one,
      name: 'joins under a name that is a path',
      expected: 'bad-message',
      attack: async () => joinSaying(await invited(), { node: '../m1' }),
    },
    {
      ...one,
      name: 'joins with an nkey that speaks the language of nats.conf',
      expected: 'bad-message',
      attack: async () => joinSaying(await invited(), { nkey: 'U } { user: root, password: root }' }),
    },
    {
      ...one,
      name: 'has NATS go on letting in a node that was removed',
      by: 'a node that was removed',
      expected: 'nats-refused',
      attack: async () => {
        const [token, who] = [await invited(), someone()];
        await join(token, who);
        await steer({ type: 'node-remove', node: token.node });
        const inboxPrefix = subjects.inbox('node', token.node);
        const dialled = await connectBus({
          ...{ servers: nats.servers, ca: nats.ca, name: 'removed', inboxPrefix },
          nkeySeed: who.nkey.seed,
          onEvent: () => undefined,
        });
        return dialled.ok ? 'let in' : dialled.failure.code;
      },
    },
  ];
  return cases;
};

function counter(): () => number {
  let count = 0;
  return () => {
    count += 1;
    return count;
  };
}
