import { at, bytesOf, childrenOf, isTagged, objectIdOf } from './read-der.ts';
import { type Element, toDer } from './write-der.ts';

/**
 * Whether a signature is RSA-PSS in another way than the three that Go knows: one hash throughout, and a salt of its
 * length. OpenSSL makes longer salts unless told otherwise.
 *
 * @param algorithm AlgorithmIdentifier of the signature
 */
export function isOddPss(algorithm: Element): boolean {
  const [id, parameters] = childrenOf(algorithm);
  if (!id || objectIdOf(id) !== pss) return false;
  const of = (tag: number) => childrenOf(parameters ?? algorithm).find((part) => isTagged(part, tag));
  const [hash, mask, salt] = [of(0), of(1), of(2)];
  // What is left out stands for SHA-1.
  if (!hash || !mask || !salt || of(3)) return true;
  const sameHash = toDer(at(mask, 0, 1)).equals(toDer(at(hash, 0)));
  const length = saltLengths[objectIdOf(at(hash, 0, 0))];
  return !sameHash || bytesOf(at(salt, 0)).toString('hex') !== length?.toString(16);
}

const pss = '1.2.840.113549.1.1.10';

const saltLengths: Readonly<Record<string, number>> = {
  '2.16.840.1.101.3.4.2.1': 32,
  '2.16.840.1.101.3.4.2.2': 48,
  '2.16.840.1.101.3.4.2.3': 64,
};
