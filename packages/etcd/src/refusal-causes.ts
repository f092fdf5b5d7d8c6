import { hostAccepted } from '@etcd-rotate/pki';
import type { RefusalCause } from '@etcd-rotate/protocol';
import { isOther, type RefusalFacts, shownWith } from './refusal-facts.ts';

interface Row {
  when(facts: RefusalFacts): boolean;
  cause: RefusalCause;
}

/**
 * What a refusal means: the first row that fits. An alert says it where it is one of the exact ones; `bad certificate`
 * stands for nearly everything (with Go 1.19, so etcd 3.4, for an unknown CA and for dates as well), so that what was
 * shown decides; and where nothing at all was said, what is left (facts: etcd, sections 4 and 9).
 */
export function causeOf(facts: RefusalFacts): RefusalCause {
  const { seen } = facts;
  switch (seen.type) {
    case 'accepted':
      return isOther(seen, facts.handshake.expected) ? 'other-leaf' : 'not-refused';
    case 'refused':
      return first(byAlert, facts, 'not-allowed');
    case 'untrusted':
      return first(byCode, facts, 'not-accepted');
    case 'server-broken':
      return first(byBreak, facts, 'pair-unusable');
    case 'closed':
      return first(bySilence, facts, 'broken-off');
    case 'unusable':
      return first(dates, facts, 'pair-unusable');
  }
}

function first(rows: readonly Row[], facts: RefusalFacts, otherwise: RefusalCause): RefusalCause {
  return rows.find(({ when }) => when(facts))?.cause ?? otherwise;
}

/** By our clock, and of the CA as of the leaf. */
const dates: Row[] = [
  { when: (facts) => shownWith(facts).some(({ parts }) => facts.now >= parts.notAfter), cause: 'expired' },
  {
    when: (facts) => shownWith(facts).some(({ parts }) => facts.now < parts.notBefore),
    cause: 'not-yet-valid',
  },
];

/** Alerts that reject a certificate, by their names in alerts.ts. */
const byAlert: Row[] = [
  { when: saying('certificate required'), cause: 'no-certificate' },
  { when: ({ handshake }) => handshake.leaf === undefined, cause: 'no-certificate' },
  { when: saying('certificate revoked'), cause: 'revoked' },
  ...dates,
  { when: saying('certificate expired'), cause: 'clocks-differ' },
  { when: saying('unknown ca'), cause: 'unknown-authority' },
  { when: (facts) => !mayBeUsedFor(facts, 'clientAuth'), cause: 'missing-usage' },
  // A name that is listed, and of which we know another key than the leaf's: that is the one that is loaded.
  { when: ({ issuer }) => issuer?.namesake !== undefined, cause: 'unknown-authority' },
  { when: ({ isListed }) => isListed === false, cause: 'unknown-authority' },
  {
    when: ({ isListed, seen }) => isListed === undefined && said(seen) === 'bad certificate',
    cause: 'unknown-authority',
  },
];

/** Node's codes, and the sentences for them where only those come through, as over gRPC. */
const byCode: Row[] = [
  { when: saying(/ALTNAME|altnames/), cause: 'wrong-name' },
  { when: saying(/CERT_HAS_EXPIRED|has expired/), cause: 'expired' },
  { when: saying(/CERT_NOT_YET_VALID|not yet valid/), cause: 'not-yet-valid' },
  { when: saying(/INVALID_PURPOSE|certificate purpose/), cause: 'missing-usage' },
  { when: saying(/CERT_REVOKED|certificate revoked/), cause: 'revoked' },
  {
    when: saying(
      /UNABLE_TO_|unable to (verify|get)|SELF_SIGNED|self[- ]signed|SIGNATURE_FAILURE|signature failure/i,
    ),
    cause: 'unknown-authority',
  },
];

const byBreak: Row[] = [
  { when: saying('the server sent no certificate'), cause: 'no-certificate' },
  {
    when: saying(/^(handshake failure|protocol version|inappropriate fallback)$/),
    cause: 'no-common-ground',
  },
];

/** A bare close: the peer port closes so on an address that the leaf does not name, and both do on a revoked serial. */
const bySilence: Row[] = [
  {
    when: ({ handshake: { domain }, from, leaf }) =>
      domain === 'peer' &&
      from !== undefined &&
      leaf !== undefined &&
      hasNames(leaf.facts) &&
      !hostAccepted(leaf, from),
    cause: 'address-not-named',
  },
];

function saying(what: string | RegExp): Row['when'] {
  return ({ seen }) => (typeof what === 'string' ? said(seen) === what : what.test(said(seen)));
}

/** An alert, or what Node says. */
function said(seen: RefusalFacts['seen']): string {
  if ('alert' in seen) return seen.alert;
  return 'reason' in seen ? seen.reason : '';
}

function mayBeUsedFor({ leaf }: RefusalFacts, usage: string): boolean {
  return !leaf || leaf.facts.usages.length === 0 || leaf.facts.usages.includes(usage);
}

function hasNames({ names }: NonNullable<RefusalFacts['leaf']>['facts']): boolean {
  return names.ip.length + names.dns.length > 0;
}
