import { createNkey, createSigningKey } from '@etcd-rotate/bus';
import type { Journal } from '@etcd-rotate/journal';
import { ok } from '@etcd-rotate/protocol';
import type { CoordinatorParts } from '../src/coordinator.ts';
import { Identities } from '../src/identities/identities.ts';
import { RefusedCount } from '../src/identities/refused.ts';

/** Who a fleet is made of, for tests in which that is of no interest: keys of its own, and nobody and no CA that is known. */
export function nobodyElse(
  journal: Pick<Journal, 'entries'>,
): Pick<CoordinatorParts, 'own' | 'identities' | 'nats' | 'refused' | 'cas'> {
  const { privateKey: signingKey, publicKey } = createSigningKey();
  const { seed: nkeySeed, publicKey: nkey } = createNkey();
  return {
    own: {
      version: 1,
      fleet: 'lab',
      signingKey,
      publicKey,
      nkeySeed,
      nkey,
      joining: { nkeySeed, nkey },
      former: [],
    },
    identities: new Identities({ version: 1, fleet: 'lab', known: [] }, journal),
    nats: { place: 'external', tell: async () => ok(undefined), usersOf: () => undefined },
    refused: new RefusedCount(() => new Date(0)),
    cas: { list: () => [], adopt: neverAsked, destroy: neverAsked },
  };
}

function neverAsked(): never {
  throw new Error('nothing here is about CAs');
}
