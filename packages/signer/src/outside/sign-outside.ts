import {
  attributeIds,
  attributesOf,
  type Certificate,
  type RawName,
  readCertificates,
} from '@etcd-rotate/pki';
import { ok, type Result } from '@etcd-rotate/protocol';
import { differs } from './differs.ts';
import { type OutsideCa, type OutsideOrder, outsideFailure } from './outside-ca.ts';

export interface SignOutside extends Omit<OutsideOrder, 'commonName' | 'now'> {
  neededUntil: Date;
  now: () => Date;
  /** What was given on before, by what was asked. */
  given: Map<string, Certificate>;
}

/**
 * Has a leaf made that is allowed already, and gives it on only where it is exactly that. Asked the same again, as when one of
 * several leaves could not be had, it gives the same as long as that is still right: nobody is asked to sign twice.
 */
export async function signOutside(
  ca: OutsideCa,
  { neededUntil, now, given, ...asked }: SignOutside,
): Promise<Result<Certificate>> {
  const order = { ...asked, commonName: commonNameOf(asked.csr.read.subject), now: now() };
  const question = JSON.stringify([ca.name, order.kind, order.csr.pem, order.names, order.usages]);
  const before = given.get(question);
  if (before && !differs({ leaf: before, ca, order, neededUntil, now: now() })) return ok(before);
  const issued = await ca.issue(order);
  if (!issued.ok) return issued;
  const read = readCertificates(issued.value);
  const [leaf] = read.ok ? read.value : [];
  if (!leaf) {
    const why = read.ok ? 'it is empty' : read.failure.message;
    return outsideFailure(ca, `what came back is no certificate: ${why.slice(0, 300)}`, ca.advice.other);
  }
  const difference = differs({ leaf, ca, order, neededUntil, now: now() });
  if (!difference) {
    given.set(question, leaf);
    const [oldest] = given.size > mostGiven ? given.keys() : [];
    if (oldest !== undefined) given.delete(oldest);
    return ok(leaf);
  }
  return outsideFailure(
    ca,
    `${difference.what}; it is not used`,
    `${ca.advice[difference.fault]}; the leaf that it made (serial ${leaf.facts.serial}) may be revoked there`,
  );
}

const mostGiven = 200;

/** The one that counts where there are several: the last. */
function commonNameOf(subject: RawName): string | undefined {
  return attributesOf(subject)
    .flat()
    .findLast(({ id }) => id === attributeIds.commonName)?.text;
}
