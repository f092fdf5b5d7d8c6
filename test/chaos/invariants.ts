import { createHash } from 'node:crypto';
import type { LoadReport } from '@etcd-rotate/lab';
import { Entry, type Outcome } from '@etcd-rotate/protocol';
import { reasonToHold } from './allowed-holds.ts';
import type { Down } from './downtimes.ts';
import type { Hold } from './operator.ts';

/** What a run left behind. */
export interface Left {
  fault: string;
  struckAt: number;
  /** The journal as it lies on disk. */
  journal: string;
  outcome: Outcome | undefined;
  holds: Hold[];
  strangers: string[];
  incomplete: string[];
  /** Handshakes that somebody accepted. */
  accepted: number;
  downs: Down[];
  load: LoadReport;
  /** By node, as each agent has stored it. */
  epochs: Record<string, number>;
  /** By node, the epochs of the commands that its agent began, in order. */
  commanded: Record<string, number[]>;
  /** Ports that did not judge a leaf from before the rotation as its outcome says. */
  oldLeaves: string[];
}

/** A rule that no run may break; what it answers with are the breaches. */
export type Invariant = (left: Left) => string[];

/** It ended, and as something that an operator asked for. */
export const isRotatedOrRolledBack: Invariant = ({ outcome }) =>
  outcome === 'rotated' || outcome === 'rolled-back' ? [] : [`the outcome is ${outcome}`];

/** The old CA is trusted again, or by nobody any more. */
export const isWhatItSays: Invariant = ({ oldLeaves }) => oldLeaves;

export const heldOnlyForWhatIsListed: Invariant = ({ fault, holds, struckAt }) =>
  holds.flatMap(({ failure, at }) => {
    if (failure.code === 'held-by-operator') return [];
    if (at >= struckAt && reasonToHold(fault, failure)) return [];
    return [`held for ${failure.code}: ${failure.message}`];
  });

/** Nobody presents what somebody refuses. */
export const noStranger: Invariant = ({ strangers, accepted }) =>
  accepted === 0 ? ['nobody was looked at'] : strangers;

/** Whatever is killed, a pair and its bundle on disk belong together at every moment. */
export const completeGenerations: Invariant = ({ incomplete }) => incomplete;

export const neverTwoDownByUs: Invariant = ({ downs }) => {
  const ours = downs.filter(({ by }) => by === 'restart');
  return ours.flatMap((one, i) =>
    ours
      .slice(i + 1)
      .filter((other) => other.member !== one.member && overlap(one, other))
      .map((other) => `${one.member} and ${other.member} were both down by us: ${text(one)}, ${text(other)}`),
  );
};

/**
 * The agent asks the others right before it stops its member; what goes down after they have answered cannot be known.
 * From the answer to the SIGTERM it installs files and starts the restart command.
 */
const askedBeforeMs = 500;

export const noRestartWhileAnotherIsDown: Invariant = ({ downs }) =>
  downs
    .filter(({ by }) => by === 'restart')
    .flatMap((restart) =>
      downs
        .filter(({ by, member }) => by === 'fault' && member !== restart.member)
        .filter((away) => restart.from > away.from + askedBeforeMs && restart.from < end(away))
        .map((away) => `${text(restart)} was restarted while ${text(away)} was away`),
    );

export const noAcknowledgedWriteLost: Invariant = ({ load: { writes, watch } }) => [
  ...(writes.lost > 0 ? [`${writes.lost} acknowledged writes are not there`] : []),
  ...(watch.lost > 0 ? [`${watch.lost} acknowledged writes were not seen by the watcher`] : []),
  ...(watch.duplicates > 0 ? [`${watch.duplicates} were seen twice`] : []),
  ...(watch.outOfOrder > 0 ? [`${watch.outOfOrder} were seen out of order`] : []),
];

/** A write is given up after so long, and counts as begun at its `at`. */
const writeTakesMs = 5_000;
/** Twice the election timeout: until then a leader that was killed has a successor (facts: etcd, section 6). */
const electionMs = 2_000;

export const noWriteFailedButWhileAMemberWasAway: Invariant = ({ downs, load }) =>
  load.writer.failed.flatMap(({ sequence, at, errors }) => {
    const from = Date.parse(at);
    const away = downs.some(
      (down) => down.by === 'fault' && from < end(down) + electionMs && from + writeTakesMs > down.from,
    );
    return away ? [] : [`write ${sequence} of ${at} failed: ${errors.join('; ')}`];
  });

/** Every line is an entry, and follows from the one before: read without any code of the journal's own. */
export const journalReadsWhole: Invariant = ({ journal }) => {
  const lines = journal.split('\n');
  const last = lines.pop();
  const breaches = last === '' ? [] : ['the last line of the journal is half-written'];
  let prev = '0'.repeat(64);
  for (const [i, line] of lines.entries()) {
    const entry = Entry.safeParse(json(line));
    if (!entry.success) breaches.push(`line ${i + 1} is no entry: ${entry.error.message}`);
    else if (entry.data.seq !== i + 1) breaches.push(`line ${i + 1} has seq ${entry.data.seq}`);
    else if (entry.data.prev !== prev) breaches.push(`line ${i + 1} does not follow from the one before`);
    prev = createHash('sha256').update(line).digest('hex');
  }
  return breaches;
};

export const noAgentIsAheadOfTheJournal: Invariant = ({ journal, epochs }) => {
  const newest = Math.max(
    0,
    ...journal.split('\n').flatMap((line) => {
      const entry = Entry.safeParse(json(line));
      return entry.success ? [entry.data.epoch] : [];
    }),
  );
  return Object.entries(epochs)
    .filter(([, epoch]) => !(epoch <= newest))
    .map(([node, epoch]) => `${node} has stored epoch ${epoch}, and the journal has ${newest}`);
};

/** Whoever led before is obeyed by nobody who has heard of a later one. */
export const nobodyObeysWhoLedBefore: Invariant = ({ commanded }) =>
  Object.entries(commanded).flatMap(([node, epochs]) => {
    const at = epochs.findIndex((epoch, i) => epoch < (epochs[i - 1] ?? 0));
    return at < 0 ? [] : [`${node} obeyed epoch ${epochs[at]} after ${epochs[at - 1]}`];
  });

export const invariants = {
  isRotatedOrRolledBack,
  isWhatItSays,
  heldOnlyForWhatIsListed,
  noStranger,
  completeGenerations,
  neverTwoDownByUs,
  noRestartWhileAnotherIsDown,
  noAcknowledgedWriteLost,
  noWriteFailedButWhileAMemberWasAway,
  journalReadsWhole,
  noAgentIsAheadOfTheJournal,
  nobodyObeysWhoLedBefore,
} satisfies Record<string, Invariant>;

/** Every breach, with the name of its rule before it. */
export function breachesOf(left: Left): string[] {
  return Object.entries(invariants).flatMap(([name, rule]) =>
    rule(left).map((breach) => `${name}: ${breach}`),
  );
}

function overlap(one: Down, other: Down): boolean {
  return one.from < end(other) && other.from < end(one);
}

function end({ to }: Down): number {
  return to ?? Number.POSITIVE_INFINITY;
}

function text({ member, from, to }: Down): string {
  return `${member} (${new Date(from).toISOString()} to ${to === undefined ? 'the end' : new Date(to).toISOString()})`;
}

function json(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
