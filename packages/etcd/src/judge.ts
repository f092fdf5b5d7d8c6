import type { Fingerprint, Proof } from '@etcd-rotate/protocol';
import type { Dialled } from './dial.ts';

// What one dial proves of one claim. Whatever is neither a yes nor a no is `not-provable`: it opens no barrier and
// condemns nobody.

export type Judgement = Pick<Proof, 'verdict' | 'detail'>;

/** The port accepts the leaf. */
export function judgeAccepted(seen: Dialled): Judgement {
  switch (seen.type) {
    case 'accepted':
      return { verdict: 'proven', detail: `accepted, HTTP ${seen.status}` };
    case 'refused':
      return seen.becauseOfDates ? unclear(seen) : { verdict: 'disproven', detail: inWords(seen) };
    case 'untrusted':
    case 'server-broken':
    case 'closed':
    case 'unusable':
    case 'unreachable':
      return unclear(seen);
  }
}

/**
 * The port refuses the leaf: by an alert that rejects the certificate and nothing less. A close, a time-out or an
 * expired leaf would look the same if the CA were trusted.
 */
export function judgeRefused(seen: Dialled): Judgement {
  switch (seen.type) {
    case 'refused':
      return seen.becauseOfDates ? unclear(seen) : { verdict: 'proven', detail: inWords(seen) };
    case 'accepted':
      return { verdict: 'disproven', detail: `accepted, HTTP ${seen.status}` };
    case 'untrusted':
    case 'server-broken':
    case 'closed':
    case 'unusable':
    case 'unreachable':
      return unclear(seen);
  }
}

/** The port shows the leaf that is expected. Where it refuses ours, it may not have shown anything yet. */
export function judgePresents(seen: Dialled, expected: Fingerprint): Judgement {
  switch (seen.type) {
    case 'accepted':
      return seen.fingerprint === expected
        ? { verdict: 'proven', detail: `presents ${short(expected)}` }
        : { verdict: 'disproven', detail: `presents ${short(seen.fingerprint)}, not ${short(expected)}` };
    case 'untrusted':
    case 'server-broken':
      return { verdict: 'disproven', detail: inWords(seen) };
    case 'refused':
    case 'closed':
    case 'unusable':
    case 'unreachable':
      return unclear(seen);
  }
}

/** Who dials gets through to the leaf that is expected: a refusal of his own leaf is a no as well. */
export function judgeReaches(seen: Dialled, expected: Fingerprint): Judgement {
  const refused = seen.type === 'refused' && !seen.becauseOfDates;
  return refused ? { verdict: 'disproven', detail: inWords(seen) } : judgePresents(seen, expected);
}

function unclear(seen: Dialled): Judgement {
  return { verdict: 'not-provable', detail: inWords(seen) };
}

function inWords(seen: Dialled): string {
  switch (seen.type) {
    case 'accepted':
      return `accepted, HTTP ${seen.status}`;
    case 'refused':
      return `refused with the alert "${seen.alert}"${seen.becauseOfDates ? ': its dates, not its issuer' : ''}`;
    case 'untrusted':
      return `presents ${short(seen.fingerprint)}, which we do not trust: ${seen.reason}`;
    case 'server-broken':
      return `the server breaks off with the alert "${seen.alert}"`;
    case 'closed':
      return 'closed without a word';
    case 'unusable':
      return `our own key pair or bundle cannot be used: ${seen.reason}`;
    case 'unreachable':
      return seen.reason;
  }
}

export function short(fingerprint: Fingerprint): string {
  return fingerprint.slice(0, 16);
}
