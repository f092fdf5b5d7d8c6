import type { Refusal } from '@etcd-rotate/protocol';
import type { Handshake } from './handshake.ts';
import { causeOf } from './refusal-causes.ts';
import { type RefusalFacts, refusalFacts } from './refusal-facts.ts';
import { wordsFor } from './refusal-words.ts';

export interface Explained {
  refusal: Refusal;
  /** All of it but the fix, in one sentence. */
  sentence: string;
}

/**
 * Who refuses whom in a handshake, at which slot that lies, why, and what helps: from what was heard, what was shown and
 * with what it was judged. Pure: what a cause follows from is a table in refusal-causes.ts, what it is called one in
 * refusal-words.ts.
 *
 * @param now milliseconds since 1970, by the clock of the node that dialled
 */
export function explainRefusal(handshake: Handshake, now: number): Explained {
  const facts = refusalFacts(handshake, now);
  const cause = causeOf(facts);
  const { slot, reason, fix } = wordsFor[cause](facts);
  const { by, of, side } = facts;
  const at = facts.slots[slot];
  return {
    refusal: { by, of, side, cause, slot: at.slot, slotOf: at.of, reason, fix },
    // Who is known by his address alone has it in his name.
    sentence: `${pair(facts)}${handshake.owner === undefined ? '' : ` at ${handshake.url}`}: ${reason}`,
  };
}

function pair({ by, of, side, seen, handshake: { domain } }: RefusalFacts): string {
  const port = `the ${domain} port of`;
  switch (seen.type) {
    case 'unusable':
      return `${of} cannot dial ${port} ${by}`;
    case 'accepted':
      return side === 'accepting'
        ? `${port} ${by} does not refuse ${of}`
        : `${by} finds another leaf at ${port} ${of}`;
    case 'refused':
    case 'closed':
    case 'server-broken':
      return `${port} ${by} refuses ${of}`;
    case 'untrusted':
      return `${by} refuses ${port} ${of}`;
  }
}
