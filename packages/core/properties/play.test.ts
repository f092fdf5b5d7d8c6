import {
  aClient,
  aCluster,
  aRequest,
  aRequestFor,
  type Cluster,
  covers,
  FakeSigner,
  ledBy,
  Play,
  planFor,
  replay,
  rotationTranscript,
  unwrap,
  verify,
  withCas,
} from '@etcd-rotate/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextMove } from '../src/next-move.ts';
import { seed } from './every-case.ts';

// Whole rotations with their journal: what must never happen however they are cut short and whoever answers first.

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

const shapes = fc.record({
  members: fc.integer({ min: 1, max: 7 }),
  clients: fc.integer({ min: 0, max: 3 }),
  cas: fc.constantFrom<[string, string]>(['ca1', 'ca1'], ['ca1', 'pca1']),
  leader: fc.nat(),
  domains: fc.constantFrom<('client' | 'peer')[]>(['client', 'peer'], ['client'], ['peer']),
});
type Shape = typeof shapes extends fc.Arbitrary<infer T> ? T : never;

const smallShapes = shapes.map((shape) => ({ ...shape, members: Math.min(shape.members, 3) }));

function clusterOf({ members, clients, cas, leader }: Shape): Cluster {
  const parts = names.slice(0, members);
  const takes = ['restart', 'reload'] as const;
  return aCluster(
    ...parts,
    ...['x', 'y', 'z']
      .slice(0, clients)
      .map((name, i) => aClient(name, { takes: takes[i % 2] ?? 'restart' })),
    withCas(...cas),
    ledBy(parts[leader % members] ?? 'a'),
  );
}

const requestOf = ({ domains }: Shape) => aRequest({ domains, acceptDowntime: true });

test('never two members are down, and the cluster ends on its target, whichever node answers first', () => {
  const holds = (shape: Shape, order: number[]) => {
    const cluster = clusterOf(shape);
    let asked = 0;
    const answers = (underWay: readonly unknown[]) => {
      asked += 1;
      return (order[asked % order.length] ?? 0) % underWay.length;
    };
    const play = new Play(cluster, { request: requestOf(shape), answers }).run();
    expect(play.rotation.state).toMatchObject({ outcome: 'rotated' });
    expect(cluster.restarts.filter(({ holder }) => holder.startsWith('member/'))).toHaveLength(
      3 * shape.members,
    );
    expect(cluster.restarts.every(({ running }) => running === shape.members)).toBe(true);
    for (const domain of shape.domains) {
      expect(cluster.presents(domain)).toEqual(cluster.trusts(domain));
      expect(cluster.presents(domain)[0]).toMatch(/^r1-/);
    }
    expect(cluster.strangers()).toEqual([]);
  };
  fc.assert(fc.property(smallShapes, fc.array(fc.nat(5), { minLength: 1, maxLength: 9 }), holds), {
    seed,
    numRuns: 20,
  });
});

test('a journal cut at any entry wants next what was done next', () => {
  const holds = (shape: Shape) => {
    const { entries } = new Play(clusterOf(shape), { request: requestOf(shape) }).run();
    for (let cut = 1; cut < entries.length; cut += 1) {
      const { at = '', body } = entries[cut] ?? {};
      const move = nextMove(replay(entries.slice(0, cut)), { now: at, epoch: 1, verify, covers });
      const done = {
        send: 'sent',
        sign: 'signed',
        'make-ca': 'ca',
        wait: 'result',
        hold: 'held',
        finish: 'finished',
        rest: 'nothing',
      }[move.type];
      expect(body?.type).toBe(done);
      if (move.type === 'send' && body?.type === 'sent') expect(move.command).toEqual(body.command);
      if (move.type === 'sign' && body?.type === 'signed') expect(move.step).toBe(body.step);
    }
  };
  fc.assert(fc.property(smallShapes, holds), { seed, numRuns: 3 });
});

test('a coordinator that is gone at any moment, heard or unheard, ends where it would have ended', () => {
  const holds = (shape: Shape, cut: number, unheard: boolean) => {
    const cluster = clusterOf(shape);
    const play = new Play(cluster, { request: requestOf(shape) });
    play.run(({ entries }) => entries.length > cut % 100);
    if (unheard) for (const command of play.unanswered()) play.obeyUnheard(command);
    play.crash();
    play.run();
    expect(play.rotation.state).toMatchObject({ outcome: 'rotated' });
    expect(cluster.restarts.filter(({ holder }) => holder.startsWith('member/'))).toHaveLength(
      3 * shape.members,
    );
    for (const domain of shape.domains) expect(cluster.presents(domain)).toEqual(cluster.trusts(domain));
    expect(cluster.strangers()).toEqual([]);
  };
  fc.assert(fc.property(smallShapes, fc.nat(), fc.boolean(), holds), { seed, numRuns: 25 });
});

test('from any prefix, planning towards either CA arrives there, and nobody refuses anybody', () => {
  const holds = (shape: Shape, cut: number, target: 'ca1' | 'ca2') => {
    const cluster = clusterOf({ ...shape, cas: ['ca1', 'ca1'], domains: ['client', 'peer'] });
    const signer = new FakeSigner('ca1', 'ca2');
    const to = (ca: string) => ({ ...aRequestFor(ca), acceptDowntime: true });
    new Play(cluster, { signer, request: to('ca2') }).run(({ entries }) => entries.length > cut % 100);
    const plan = planFor(cluster, to(target), signer);
    if (plan.ok) {
      const play = new Play(cluster, { id: 'r2', signer, request: to(target) }).run();
      expect(play.rotation.state).toMatchObject({ outcome: 'rotated' });
    } else expect(plan.failure.code).toBe('nothing-to-do');
    for (const domain of ['client', 'peer'] as const) expect(cluster.presents(domain)).toEqual([target]);
    expect(cluster.strangers()).toEqual([]);
  };
  fc.assert(fc.property(smallShapes, fc.nat(), fc.constantFrom('ca1', 'ca2'), holds), { seed, numRuns: 15 });
});

test('no text made of a rotation holds a private key, and one that was put there is found', () => {
  const texts = (play: Play) => [
    JSON.stringify(play.entries),
    JSON.stringify(play.rotation),
    rotationTranscript(play.entries),
  ];
  const leaked = (play: Play) => texts(play).some((text) => text.includes('PRIVATE KEY'));
  const holds = (shape: Shape, failing: number) => {
    const cluster = clusterOf(shape);
    const plan = unwrap(planFor(cluster, requestOf(shape)));
    const step = plan.steps[failing % plan.steps.length];
    if (step) cluster.startsOnlyWhile(step.holder, ({ files }) => files.size > 4);
    expect(leaked(new Play(cluster, { request: requestOf(shape) }).run())).toBe(false);
  };
  fc.assert(fc.property(smallShapes, fc.nat(), holds), { seed, numRuns: 12 });

  const cluster = aCluster('a');
  const play = new Play(cluster, { request: aRequest({ acceptDowntime: true }) });
  const planted = new FakeSigner('ca9').keyOf('ca9').reveal();
  play.record({
    type: 'held',
    rotation: 'r1',
    failure: { code: 'internal', message: `it said ${planted}`, hint: '', retryable: false },
  });
  expect(leaked(play)).toBe(true);
});
