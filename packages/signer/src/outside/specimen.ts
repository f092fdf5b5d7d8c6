import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { type Certificate, type Csr, signLeaf } from '@etcd-rotate/pki';
import { Secret } from '@etcd-rotate/protocol';
import type { SpecimenOrder } from '../requests.ts';

/**
 * A leaf as a CA with its key outside would make it, made without it: issuer, key identifier and algorithm are the CA's, and the
 * signature is that of a throw-away key of the same kind. Nobody accepts it who checks the signature; whoever proves a
 * plan with it has to suppose that one (`Verifier.suppose`).
 */
export class SpecimenMaker {
  readonly #keys = new Map<string, Promise<Secret>>();

  async make(issuer: Certificate, csr: Csr, { ca: _, ...order }: SpecimenOrder): Promise<Certificate> {
    const print = issuer.facts.publicKey;
    const key = this.#keys.get(print) ?? keyLike(issuer);
    this.#keys.set(print, key);
    return signLeaf({ csr, ca: { certificate: issuer, key: await key }, ...order });
  }
}

/** Of the same kind and size, so that the leaf says the same of its signature. */
async function keyLike({ x509 }: Certificate): Promise<Secret> {
  const { asymmetricKeyType, asymmetricKeyDetails: { modulusLength = 2048, namedCurve = '' } = {} } =
    x509.publicKey;
  switch (asymmetricKeyType) {
    case 'rsa':
      return secret(await makePair('rsa', { modulusLength }));
    case 'ed25519':
      return secret(await makePair('ed25519'));
    case 'ec':
      return secret(await makePair('ec', { namedCurve }));
    default:
      throw new Error(`a CA with a key of type ${asymmetricKeyType} was let in`);
  }
}

const makePair = promisify(generateKeyPair);

function secret({ privateKey }: { privateKey: KeyObject }): Secret {
  return new Secret(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
}
