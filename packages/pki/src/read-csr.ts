import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { fail, type KeyKind, type Names, ok, type Result } from '@etcd-rotate/protocol';
import { faultOfSpki } from './fault-of-spki.ts';
import { kindOfKey } from './key-kind.ts';
import { extensionIds, extensionRequest, keyUsageBits } from './oids.ts';
import { attributesOf, type RawName } from './raw-name.ts';
import { at, bitsOf, childrenOf, DerError, isTagged, objectIdOf, readDer } from './read-der.ts';
import { readExtensions } from './read-extensions.ts';
import { readPem } from './read-pem.ts';
import { signatureAlgorithms } from './signature-algorithm.ts';
import { type Element, sequence, toDer } from './write-der.ts';

export interface Csr {
  /** SubjectPublicKeyInfo in DER. */
  publicKey: Uint8Array;
  keyKind: KeyKind | 'other';
  subject: RawName;
  names: Names;
  /** The request asks to be a CA: by basicConstraints, or by the right to sign certificates or CRLs. */
  requestedCa: boolean;
  /** Object identifiers of the extended key usages that it asks for, where it does. */
  usages: string[] | undefined;
}

const mostBytes = 16 * 1024;

/**
 * Reads a request from the wire. Its signature is checked with node:crypto over the very bytes that were parsed, so
 * whoever sent it holds the key.
 */
export function readCsr(pem: string): Result<Csr> {
  if (pem.length > mostBytes) return refuse(`it is longer than ${mostBytes} bytes`);
  const blocks = readPem(pem);
  const [block, ...more] = blocks.ok ? blocks.value : [];
  if (!block || more.length > 0 || !/^(NEW )?CERTIFICATE REQUEST$/.test(block.type)) {
    return refuse('one complete PEM block of type CERTIFICATE REQUEST was expected');
  }
  try {
    return ok(read(block.der));
  } catch (error) {
    // Also forge's and OpenSSL's errors about bytes that are not what they should be.
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

function read(der: Buffer): Csr {
  const tree = readDer(der);
  const body = at(tree, 0);
  const publicKey = toDer(at(body, 2));
  const fault = faultOfSpki(at(body, 2));
  if (fault !== undefined) throw new DerError(fault);
  const key = createPublicKey({ key: publicKey, format: 'der', type: 'spki' });
  if (!signedBy(key, tree)) throw new DerError('it is not signed with the key it asks a certificate for');
  const subject = toDer(at(body, 1));
  attributesOf(subject); // throws where it is not a name
  const list = extensionsIn(childrenOf(body).find((part) => isTagged(part, 0)));
  const unknown = childrenOf(list)
    .map((one) => objectIdOf(at(one, 0)))
    .find((id) => !mayBeAsked.has(id));
  if (unknown !== undefined) throw new DerError(`it asks for the extension ${unknown}`);
  const extensions = readExtensions(list);
  if (extensions.otherNames > 0)
    throw new DerError('it asks for names that are neither DNS names nor IP addresses');
  const { keyCertSign, crlSign } = keyUsageBits;
  const signs = ((extensions.keyUsage ?? 0) & (keyCertSign | crlSign)) !== 0;
  return {
    publicKey,
    keyKind: kindOfKey(key),
    subject,
    names: extensions.names,
    requestedCa: extensions.isCa || extensions.pathLength !== undefined || signs,
    usages: extensions.usages,
  };
}

function signedBy(key: KeyObject, request: Element): boolean {
  const algorithm = signatureAlgorithms[objectIdOf(at(request, 1, 0))];
  if (!algorithm || algorithm.keyType !== key.asymmetricKeyType) return false;
  return verify(algorithm.hash, toDer(at(request, 0)), key, bitsOf(at(request, 2)));
}

/** What a leaf has as well: a request for anything else means something that nobody here would notice. */
const mayBeAsked = new Set<string>([
  extensionIds.subjectAltName,
  extensionIds.keyUsage,
  extensionIds.basicConstraints,
  extensionIds.extendedKeyUsage,
]);

/** @param attributes of the request: besides extensions there are none that anybody here would want to sign */
function extensionsIn(attributes: Element | undefined): Element {
  const all = attributes ? childrenOf(attributes) : [];
  const other = all.map((attribute) => objectIdOf(at(attribute, 0))).find((id) => id !== extensionRequest);
  if (other !== undefined) throw new DerError(`it has the attribute ${other}`);
  const lists = all.flatMap((attribute) => childrenOf(at(attribute, 1)));
  if (lists.length > 1) throw new DerError('it has more than one list of extensions');
  return lists[0] ?? sequence();
}

function refuse(why: string): ReturnType<typeof fail> {
  return fail(
    'bad-csr',
    `the certificate request is refused: ${why}`,
    'have the node make the request again',
  );
}
