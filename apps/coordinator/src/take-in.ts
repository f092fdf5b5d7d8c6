import type { Journal } from '@etcd-rotate/journal';
import { fail, ok, type Result } from '@etcd-rotate/protocol';
import type { CaRecord, ReadAdoption, Signer } from '@etcd-rotate/signer';

export interface TakeIn {
  cas: Pick<Signer, 'list' | 'adopt'>;
  journal: Pick<Journal, 'append' | 'entries'>;
  adoption: ReadAdoption;
  /** Who asked, where it was not done on the coordinator's own machine. */
  operator?: string;
}

/** Takes a CA in that is in use already, and writes that down once it is there. */
export async function takeIn({ cas, journal, adoption, operator }: TakeIn): Promise<Result<CaRecord>> {
  const { name, certificate, key } = adoption;
  const { fingerprint, subject } = certificate.facts;
  const same = cas.list().find((one) => one.facts.fingerprint === fingerprint && one.key !== 'destroyed');
  // As when it was taken in and could not be written down: asked for again, that is made up for.
  const isHalfDone = same?.name === name && same.key === 'held' && !isWritten(journal, fingerprint);
  if (same && !isHalfDone) {
    const where = same.key === 'outside' ? 'is asked for signatures already' : 'is held already';
    return fail('exists', `${subject} ${where}, as ${same.name}`, 'ask for it by that name');
  }
  const adopted = isHalfDone
    ? ok({ ...same, key: 'held' as const })
    : await cas.adopt({ name, certificate: certificate.pem, key });
  if (!adopted.ok) return adopted;
  const by = operator === undefined ? {} : { operator };
  const entry = await journal.append({ type: 'ca-key', did: 'adopted', name, fingerprint, subject, ...by });
  return entry.ok ? adopted : entry;
}

function isWritten({ entries }: TakeIn['journal'], fingerprint: string): boolean {
  return entries().some(
    ({ body }) => body.type === 'ca-key' && body.did === 'adopted' && body.fingerprint === fingerprint,
  );
}

/** Nobody accepts what an expired CA signs. */
export function whyExpired({ certificate }: ReadAdoption, now: Date): Result<undefined> {
  const { subject, notAfter } = certificate.facts;
  if (Date.parse(notAfter) > now.getTime()) return ok(undefined);
  return fail(
    'certificate-expired',
    `${subject} has expired, on ${notAfter}`,
    'what it signs is accepted by nobody: rotate to a new CA',
  );
}
