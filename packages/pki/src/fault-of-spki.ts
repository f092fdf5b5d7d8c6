import forge from 'node-forge';
import { at, bitsOf, bytesOf, childrenOf, DerError, isUniversal, objectIdOf, readDer } from './read-der.ts';
import type { Element } from './write-der.ts';

const { Type } = forge.asn1;

/** Curves by name, with the bytes of a point: 04 and both coordinates. */
const pointBytes: Record<string, number> = {
  '1.2.840.10045.3.1.7': 65,
  '1.3.132.0.34': 97,
  '1.3.132.0.35': 133,
};

const rsa = '1.2.840.113549.1.1.1';
const ec = '1.2.840.10045.2.1';
const ed25519 = '1.3.101.112';

/**
 * What is odd about the public key of a request, if anything. OpenSSL reads more than Go does and than anybody's tools make: a
 * curve by its parameters instead of its name, a compressed point, the point at infinity for which everybody can sign (Node
 * 20 ends as a whole when it is asked about that one), RSA with an even exponent. So this is looked at before OpenSSL sees it.
 *
 * @param spki SubjectPublicKeyInfo
 */
export function faultOfSpki(spki: Element): string | undefined {
  const [id, parameters, ...more] = childrenOf(at(spki, 0));
  if (!id || more.length > 0 || childrenOf(spki).length !== 2) return unusual;
  switch (objectIdOf(id)) {
    case rsa:
      return isUniversal(parameters, Type.NULL) ? faultOfRsa(readDer(bitsOf(at(spki, 1)))) : unusual;
    case ec:
      return parameters && isUniversal(parameters, Type.OID)
        ? faultOfPoint(bitsOf(at(spki, 1)), pointBytes[objectIdOf(parameters)])
        : unusual;
    case ed25519:
      return parameters === undefined && bitsOf(at(spki, 1)).length === 32 ? undefined : unusual;
    default:
      return `its public key is of a kind that nobody here uses (${objectIdOf(id)})`;
  }
}

const unusual = 'its public key is not written the usual way';

function faultOfPoint(point: Buffer, expected: number | undefined): string | undefined {
  if (expected === undefined) return 'its public key is on a curve that nobody here uses';
  return point.length === expected && point[0] === 4 ? undefined : unusual;
}

function faultOfRsa(key: Element): string | undefined {
  const [modulus, exponent] = [bytesOf(at(key, 0)), bytesOf(at(key, 1))];
  if (modulus.length > mostModulusBytes) return 'its RSA key is longer than anybody needs';
  if (exponent.toString('hex') !== '010001') return 'its RSA key has another public exponent than 65537';
  return ((modulus.at(-1) ?? 0) & 1) === 1 ? undefined : 'its RSA key has an even modulus';
}

/** 8192 bits, and the byte that keeps it positive: longer ones take long to verify with. */
const mostModulusBytes = 1025;

/**
 * Refuses the point at infinity in a certificate, before Node looks at its key. Others that are odd are read: what etcd
 * makes of them is for whoever asks.
 */
export function refuseInfinity(spki: Element): void {
  if (objectIdOf(at(spki, 0, 0)) === ec && bitsOf(at(spki, 1)).length < 2)
    throw new DerError('its public key is no point of a curve');
}
