import type { CaEntry } from '@etcd-rotate/protocol';
import type { Signer } from '@etcd-rotate/signer';
import { useOf } from '../ca-use.ts';
import type { CoordinatorParts } from '../coordinator.ts';
import type { Rotations } from '../rotations.ts';
import type { Outcome } from './refusals.ts';

/** The store of CAs, as operators get at it: nothing that shows a key. */
export type CaStore = Pick<Signer, 'list' | 'adopt'> & {
  destroy(name: string, by: string): ReturnType<Signer['destroy']>;
};

/** What answers about CAs need of the desk. */
export interface CaDesk {
  parts: Pick<CoordinatorParts, 'fleet' | 'journal' | 'ports' | 'cas'>;
  rotations: Pick<Rotations, 'all'>;
}

/** Every CA there is or was, with what it is used for as far as it is written down. */
export async function listCas({ parts, rotations }: CaDesk): Promise<Outcome> {
  const all = rotations.all();
  const cas = parts.cas.list().map((ca) => entryOf(ca, all));
  return { ok: true, value: { type: 'cas', cas } };
}

function entryOf(
  { name, certificate, facts, key }: ReturnType<CaStore['list']>[number],
  rotations: ReturnType<Rotations['all']>,
): CaEntry {
  const { issues, kept, replacedAt } = useOf(facts, rotations);
  return {
    ...{ name, certificate: { pem: certificate, facts }, key, issues },
    ...(replacedAt !== undefined && { replacedAt }),
    // Of a key that is here: nothing else is destroyed here.
    ...(replacedAt !== undefined &&
      kept &&
      key === 'held' && { mayBeDestroyedFrom: kept.until.toISOString() }),
  };
}
