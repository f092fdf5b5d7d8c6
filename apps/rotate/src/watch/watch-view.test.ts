import { stripVTControlCharacters } from 'node:util';
import { type Command, type Entry, fail } from '@etcd-rotate/protocol';
import { aClient, aCluster, aRequest, ledBy, Play, withCas, withPolicy } from '@etcd-rotate/testing';
import { expect, test } from 'vitest';
import wrapAnsi from 'wrap-ansi';
import { watchView } from './watch-view.ts';
import { type Watched, watchOn } from './watched.ts';

interface Moment {
  /** When in the rotation somebody looks. */
  at(play: Play): unknown;
  /** How long after its last entry. */
  seconds: number;
  policy?: Parameters<typeof withPolicy>[0];
  request?: ReturnType<typeof aRequest>;
  /** Which of the commands under way is answered next. */
  answers?: (underWay: readonly Command[]) => number;
}

const moments: Record<string, Moment> = {
  begun: { at: () => undefined, seconds: 0 },
  'in-trust': { at: (play) => play.run(sent('trust-c change')), seconds: 1.2 },
  'being-proven': { at: (play) => play.run(answered('trust-c-seen-by-a')), seconds: 0.3 },
  'node-away': {
    at: (play) => play.run(() => sentOf(play, 'issue-c change') && play.unanswered().every(isOf('node-c'))),
    answers: (underWay) => underWay.findIndex((command) => !isOf('node-c')(command)),
    seconds: 47,
  },
  held: { at: (play) => doesNotStart(play, 'member/c').run(), seconds: 185 },
  'not-heard': {
    at: (play) => {
      const { failure } = fail('node-away', 'node node-c does not answer', 'start its agent');
      play.run(sent('trust-c change')).record({ type: 'held', rotation: play.rotation.id, failure });
    },
    seconds: 12,
  },
  holding: {
    at: (play) => {
      play.run(sent('issue-c change'));
      play.record({ type: 'holding', rotation: play.rotation.id, operator: 'bob' });
    },
    seconds: 0.8,
  },
  'at-confirm-retire': {
    at: (play) => play.run(),
    request: aRequest({ confirmRetire: true }),
    seconds: 600,
  },
  'at-approval': { at: (play) => play.run(), policy: { approvals: 2 }, seconds: 600 },
  'rolling-back': {
    at: (play) => play.run().rollBackUntil(sent('back-issue-a change')),
    request: aRequest({ confirmRetire: true }),
    seconds: 1.1,
  },
  'rolled-back': {
    at: (play) => play.run().rollBack(),
    request: aRequest({ confirmRetire: true }),
    seconds: 60,
  },
  finished: { at: (play) => play.run(), seconds: 3600 },
};

test.each(Object.keys(moments))('shows how a rotation is: %s', async (name) => {
  const play = playUpTo(name);
  await expect(`${shown(play, name, 120).join('\n')}\n`).toMatchFileSnapshot(
    `../../transcripts/watch-${name}.txt`,
  );
});

test.each(Object.keys(moments))('is never wider than the terminal: %s', (name) => {
  const play = playUpTo(name);
  for (const width of [20, 33, 60, 79, 200]) {
    for (const line of shown(play, name, width)) {
      expect(wrapAnsi(line, width, { hard: true, wordWrap: false, trim: false })).toBe(line);
    }
  }
});

test('is the same for whoever opens it later as for whoever had it open', () => {
  const { entries } = playUpTo('rolled-back');
  const half = watched(entries.slice(0, 40));
  const later = entries.slice(40).reduce<Watched | undefined>((seen, entry) => watchOn(seen, entry), half);
  expect(later).toEqual(watched(entries));
});

const played = new Map<string, Play>();

/** Played once: nobody changes it afterwards. */
function playUpTo(name: string): Play {
  const known = played.get(name) ?? play(name);
  played.set(name, known);
  return known;
}

function play(name: string): Play {
  const { at, request = aRequest(), policy = {}, answers = () => 0 } = moments[name] as Moment;
  const cluster = aCluster(
    'a',
    'b',
    'c',
    aClient('backup'),
    withCas('client-ca', 'peer-ca'),
    ledBy('b'),
    withPolicy(policy),
  );
  const made = new Play(cluster, {
    id: 'main-20260601-120000',
    request,
    answers: (underWay) => {
      // An answer takes its time, so that there is some to be seen.
      cluster.clock.pass(400);
      return answers(underWay);
    },
  });
  at(made);
  return made;
}

function shown({ entries }: Play, name: string, width: number): string[] {
  const last = Date.parse(entries.at(-1)?.at ?? '');
  const now = new Date(last + (moments[name] as Moment).seconds * 1000);
  return watchView(watched(entries), now, { width, asking: 'ann' }).map((line) =>
    stripVTControlCharacters(line)
      .trimEnd()
      .replaceAll(/\([0-9a-f]{8}\)/g, '(········)'),
  );
}

function watched(entries: readonly Entry[]): Watched {
  let seen: Watched | undefined;
  for (const entry of entries) seen = watchOn(seen, entry);
  if (!seen) throw new Error('the journal has no rotation');
  return seen;
}

function doesNotStart(play: Play, holder: 'member/c'): Play {
  play.cluster.startsOnlyWhile(holder, ({ files }) => files.get('peer-bundle')?.length === 1);
  return play;
}

const sent = (command: string) => (play: Play) => {
  const body = play.entries.at(-1)?.body;
  return body?.type === 'sent' && `${body.step} ${body.command.body.type}` === command;
};

function sentOf(play: Play, command: string): boolean {
  return play.unanswered().some(({ step, body }) => `${step} ${body.type}` === command);
}

const answered = (step: string) => (play: Play) => {
  const body = play.entries.at(-1)?.body;
  return body?.type === 'result' && body.step === step;
};

const isOf = (node: string) => (command: Command) => command.node === node;
