import type { Usage } from '@etcd-rotate/protocol';
import type { Judge, Verdict } from './trust.ts';
import type { Contents } from './world.ts';

/**
 * A judge that decides the same question once. A proof asks about the same chains and bundles at every step; the memory
 * lives as long as one proof, so that what it remembers is of one moment.
 */
export function remembering({ verify, covers, aheadMs }: Judge): Judge {
  const numbers = new WeakMap<Contents, number>();
  const byPrints = new Map<string, number>();
  const numberOf = (contents: Contents): number => {
    const known = numbers.get(contents);
    if (known !== undefined) return known;
    const prints = contents.map(({ facts }) => facts.fingerprint).join();
    const number = byPrints.get(prints) ?? byPrints.size;
    byPrints.set(prints, number);
    numbers.set(contents, number);
    return number;
  };
  const verdicts: Record<Usage, Map<number, Verdict>> = { serverAuth: new Map(), clientAuth: new Map() };
  return {
    covers,
    aheadMs,
    verify: (chain, bundle, purpose, ahead) => {
      // Of another span than the proof's nothing is remembered.
      if (ahead !== aheadMs) return verify(chain, bundle, purpose, ahead);
      const key = numberOf(chain) * 2 ** 26 + numberOf(bundle);
      const known = verdicts[purpose].get(key);
      if (known) return known;
      const verdict = verify(chain, bundle, purpose, ahead);
      verdicts[purpose].set(key, verdict);
      return verdict;
    },
  };
}
