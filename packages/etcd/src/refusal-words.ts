import { accepts, type Certificate } from '@etcd-rotate/pki';
import type { RefusalCause } from '@etcd-rotate/protocol';
import { isOther, type RefusalFacts, shownWith } from './refusal-facts.ts';
import {
  heard,
  inBrackets,
  inLog,
  lifeOf,
  listOf,
  namesOf,
  saidCa,
  saidCertificate,
  saidLeaf,
  short,
} from './refusal-said.ts';

export interface Words {
  /** At which of the two slots it lies. */
  slot: 'leaf' | 'bundle';
  /** Goes on from "A refuses B at URL: ". */
  reason: string;
  fix: string;
}

/** What each cause is called, and what helps. */
export const wordsFor: Record<RefusalCause, (facts: RefusalFacts) => Words> = {
  'unknown-authority': (facts) => (facts.side === 'accepting' ? notLoaded(facts) : notHeld(facts)),
  expired: (facts) => outOfDate(facts, ({ parts }) => facts.now >= parts.notAfter, 'has expired'),
  'not-yet-valid': (facts) =>
    outOfDate(facts, ({ parts }) => facts.now < parts.notBefore, 'is not valid yet'),

  'clocks-differ': (facts) => ({
    slot: 'leaf',
    reason: `it finds ${saidLeaf(facts)} out of date (${heard(facts)}), which is valid${lifeOf(facts.leaf)}, and by the clock of this node it is ${inTime(facts.now)}`,
    fix: `compare the clocks of ${facts.by} and of this node and set the one that is wrong; if they agree, the CA that ${facts.by} has loaded is out of date`,
  }),

  'wrong-name': (facts) => ({
    slot: 'leaf',
    reason: `it was dialled as ${facts.host}, and ${saidLeaf(facts)} names ${facts.leaf ? `${namesOf(facts.leaf)} alone` : `other hosts alone (${heard(facts)})`}`,
    fix: `see whether it is the leaf of another node, or another process that answers at ${facts.handshake.url}; else give ${facts.slots.leaf.of} a ${facts.slots.leaf.slot} that names ${facts.host} (the extra names of the fleet file), or correct the URL`,
  }),

  'missing-usage': (facts) => ({
    slot: 'leaf',
    reason: `${saidLeaf(facts)} lacks the extended key usage ${facts.side === 'accepting' ? 'clientAuth' : 'serverAuth'}${facts.leaf ? ` and has ${facts.leaf.facts.usages.join(', ') || 'none'} alone` : ''} (${heard(facts)})`,
    fix: `give ${facts.slots.leaf.of} a ${facts.slots.leaf.slot} with serverAuth and clientAuth (for a client, clientAuth will do), or put the one of before back`,
  }),

  revoked: (facts) => ({
    slot: 'leaf',
    reason: `${saidLeaf(facts)} is revoked${facts.leaf ? `, serial ${facts.leaf.facts.serial}` : ''} (${heard(facts)})`,
    fix: `take the serial off the CRL if that was a mistake (etcd reads it at every handshake), or give ${facts.slots.leaf.of} another leaf`,
  }),

  'address-not-named': (facts) => {
    const { from } = facts;
    const hasDns = facts.leaf?.facts.names.dns.length !== 0;
    return {
      slot: 'leaf',
      reason: `${saidLeaf(facts)} names ${namesOf(facts.leaf)} alone${hasDns ? ' (a DNS name counts only if it leads there)' : ''}, and was shown from ${from}: etcd closes then without a word, as it did`,
      fix: `give ${facts.slots.leaf.of} a ${facts.slots.leaf.slot} that names ${from}, or let it dial from an address that is named; ${inLog(facts, `"is valid for …, not ${from}" or "does not match any of DNSNames"; if it says "revoked", a CRL holds the serial ${facts.leaf?.facts.serial}`)}`,
    };
  },

  'not-allowed': (facts) => {
    const { issuer, leaf } = facts;
    const { commonName } = leaf?.facts ?? {};
    const flags =
      facts.handshake.domain === 'peer'
        ? '--peer-cert-allowed-cn or --peer-cert-allowed-hostname'
        : '--client-cert-allowed-hostname';
    return {
      slot: 'leaf',
      reason: `it rejects ${saidLeaf(facts)} (${heard(facts)}), although it has loaded a CA called ${issuer?.name ?? 'as its issuer is'}; in order of likelihood: (1) ${flags} lets in other names alone (this one has ${commonName === undefined ? 'no common name' : `the common name ${commonName}`} and names ${namesOf(leaf)}), (2) the CA that it has loaded by that name has another key`,
      fix: `hold the leaf against ${flags} of ${facts.by}, and put the leaf of before back or change the flag and restart it; ${inLog(facts, '"client certificate authentication failed" is (1), "possibly because of" is (2)')}`,
    };
  },

  'no-certificate': (facts) =>
    facts.seen.type === 'server-broken'
      ? {
          slot: 'leaf',
          reason: 'it presents no certificate',
          fix: `see whether ${facts.owner} was started with a certificate for that port`,
        }
      : {
          slot: 'leaf',
          reason: `it asks for a client certificate, and none was sent (${heard(facts)})`,
          fix: `give ${facts.dialler} both the certificate and the key of its ${facts.slots.leaf.slot}`,
        },

  'pair-unusable': (facts) => {
    const { slot, of } = facts.slots.leaf;
    if (facts.seen.type === 'unusable') {
      return {
        slot: 'leaf',
        reason: `nothing was sent, since key and certificate of the ${slot} of ${of}, or the bundle beside them, cannot be used: ${facts.seen.reason}`,
        fix: `see whether key and certificate of the ${slot} of ${of} belong together and whether they and its bundle are whole PEM files`,
      };
    }
    return {
      slot: 'leaf',
      reason: `it breaks off (${heard(facts)}), since it cannot use its own ${slot}: key and certificate do not belong together, or one of them cannot be read`,
      fix: `put a key and a certificate that belong together, and that the user of etcd may read, where the ${slot} of ${of} lies: no restart is needed; ${inLog(facts, '"private key does not match public key", "no such file" or "permission denied"')}`,
    };
  },

  'no-common-ground': (facts) => ({
    slot: 'leaf',
    reason: `the two sides have no TLS version or cipher suite in common (${heard(facts)})`,
    fix: `see --cipher-suites and --tls-min-version of ${facts.owner}: suites for ECDSA alone cannot be used with an RSA key, nor the other way round`,
  }),

  'broken-off': (facts) => ({
    slot: 'leaf',
    reason: `it closes without a word; in order of likelihood: ${whyClosed(facts)
      .map((why, index) => `(${index + 1}) ${why}`)
      .join(', ')}`,
    fix: `${inLog(facts, `"revoked" or a file name is the CRL${facts.handshake.domain === 'peer' ? ', "is valid for" or "does not match any of DNSNames" is the address' : ''}, "EOF" alone is something in between`)}; take the serial off the CRL, or give ${facts.slots.leaf.of} a ${facts.slots.leaf.slot} that fits`,
  }),

  'other-leaf': (facts) => ({
    slot: 'leaf',
    reason: `it presents ${saidLeaf(facts)} of ${saidCa(facts.issuer)}, valid${lifeOf(facts.leaf)}, and not the one that it was given (${short(facts.handshake.expected)})`,
    fix: `etcd reads the pair at every handshake: see who replaced the ${facts.slots.leaf.slot} of ${facts.slots.leaf.of}, whether its process was started with the files of the agent file, and whether another process or a proxy answers at ${facts.handshake.url}`,
  }),

  'not-refused': (facts) => {
    const { slot, of } = facts.slots.bundle;
    if (facts.handshake.leaf?.role === 'throw-away') {
      const flags = { client: '--client-cert-auth', peer: '--peer-client-cert-auth' };
      return {
        slot: 'bundle',
        reason: `it lets in ${saidLeaf(facts)} of a CA that nobody knows, so that it verifies no client certificates`,
        fix: `see whether ${of} runs with ${flags[facts.handshake.domain]}, and whether a proxy in between ends TLS`,
      };
    }
    return {
      slot: 'bundle',
      reason: `it still lets in ${saidLeaf(facts)} of ${saidCa(facts.issuer)}${listOf(facts)}`,
      fix: `see whether ${of} was restarted since its ${slot} was written, and whether that file holds a CA more than it should: one of the same key, or a cross certificate`,
    };
  },

  'not-accepted': (facts) => ({
    slot: 'leaf',
    reason: `${saidLeaf(facts)} is not accepted: ${ourReason(facts)}${heard(facts)}`,
    fix: `look at that leaf and at its CAs with \`openssl x509 -noout -text\`: path length, name constraints, key usage, signature`,
  }),
};

/** The other side has not loaded the CA. With Go 1.19, its alert stands for more than this, unless the port lists its CAs. */
function notLoaded(facts: RefusalFacts): Words {
  const { by, slots, issuer, isListed, seen } = facts;
  const isSure = isListed === false || ('alert' in seen && seen.alert === 'unknown ca');
  const sameName =
    isListed && (isSure || issuer?.namesake) ? ', so one of the same name with another key' : '';
  const ca = saidCa(issuer);
  const { slot, of } = slots.bundle;
  return {
    slot: 'bundle',
    reason: `${saidLeaf(facts)} is ${isSure ? '' : 'most likely '}of a CA that ${by} has not loaded${issuer ? `, ${ca}` : ''} (${heard(facts)}${listOf(facts)}${sameName})`,
    fix: `the ${slot} of ${of} lacks ${ca}: see whether its process was restarted since that file was written, and whether the file holds the CA; ${inLog(facts, '"unknown authority"; "possibly because of" is a CA of the same name with another key')}`,
  };
}

/** Our own bundle does not hold the CA of what was shown. */
function notHeld(facts: RefusalFacts): Words {
  const { slots, issuer, handshake, seen } = facts;
  const ca = saidCa(issuer);
  const bundle = `the ${slots.bundle.slot} of ${slots.bundle.of}`;
  if (isOther(seen, handshake.expected)) {
    return {
      slot: 'leaf',
      reason: `it presents ${saidLeaf(facts)} of ${ca}, neither the one that it was given (${short(handshake.expected)}) nor of a CA in ${bundle} (${heard(facts)})`,
      fix: `see who replaced the ${slots.leaf.slot} of ${slots.leaf.of} and put that of the rotation back (no restart is needed), and whether another process or a proxy answers at ${handshake.url}`,
    };
  }
  const why = issuer?.namesake
    ? `holds no CA of that key, only one of the same name, ${short(issuer.namesake.facts.fingerprint)}`
    : 'does not hold that CA';
  // What is dialled with is read from disk: what the process of that holder has loaded may be older.
  const load =
    slots.bundle.slot === 'server-bundle'
      ? `let ${slots.bundle.of} load it`
      : `restart ${slots.bundle.of}, since etcd reads a bundle only when it starts`;
  return {
    slot: 'bundle',
    reason: `it presents ${saidLeaf(facts)}${issuer ? ` of ${ca}` : ''}, and ${bundle} as it lies on disk ${why} (${heard(facts)})`,
    fix: `${bundle} lacks ${ca}: put it there and ${load}, or give ${slots.leaf.of} a leaf of a CA that is there`,
  };
}

/** The leaf or a CA above it, whichever is out of its dates. */
function outOfDate(facts: RefusalFacts, is: (one: Certificate) => boolean, says: string): Words {
  const { leaf, now } = facts;
  const { slot, of } = facts.slots.leaf;
  const culprit = shownWith(facts).find(is);
  const ofCa = culprit !== undefined && culprit !== leaf;
  const what = ofCa ? `the CA (${saidCertificate(culprit)}) of ${saidLeaf(facts)}` : saidLeaf(facts);
  const dates = culprit ? `: it is valid${lifeOf(culprit)}, and now it is ${inTime(now)}` : '';
  return {
    slot: 'leaf',
    reason: `${what} ${says}${dates}${facts.seen.type === 'unusable' ? '' : inBrackets(heard(facts))}`,
    fix: `compare the clocks; if they are right, put a ${slot}${ofCa ? ' of a CA' : ''} that is in date in place for ${of}${slot === 'client-leaf' ? ' and let it load that' : ': etcd reads its leaves at every handshake, and needs no restart'}`,
  };
}

/** What etcd says nothing about: on both ports a CRL, on the peer port an address as well (facts: etcd, sections 2, 4). */
function whyClosed(facts: RefusalFacts): string[] {
  const { leaf, from } = facts;
  const crl = leaf
    ? `its CRL holds the serial ${leaf.facts.serial} of ${saidLeaf(facts)} or cannot be read`
    : 'its CRL cannot be read';
  const address = `it does not see ${saidLeaf(facts)} come from an address that the leaf names (${namesOf(leaf)})`;
  const other = 'its process is being stopped or started, or something in between closes';
  if (facts.handshake.domain === 'client') return [crl, other];
  // Where the address seen here is named, only a router can have altered it.
  return from === undefined
    ? [address, crl, other]
    : [crl, `a router alters ${from}, so that ${address}`, other];
}

/** OpenSSL has no name for much of what it does not bear; what the chain says has. */
function ourReason({ chain, bundle, now }: RefusalFacts): string {
  const at = { from: new Date(now), until: new Date(now) };
  const seen = accepts({ chain, bundle, purpose: 'serverAuth', ...at });
  return seen.accepted ? '' : `${seen.reason}, in words of OpenSSL `;
}

function inTime(now: number): string {
  return new Date(now).toISOString();
}
