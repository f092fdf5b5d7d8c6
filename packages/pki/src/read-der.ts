import forge from 'node-forge';
import { type Element, toDer } from './write-der.ts';

const { asn1 } = forge;

interface Options {
  strict: boolean;
  parseAllBytes: boolean;
  decodeBitStrings: boolean;
}

// The published types know only the older boolean argument.
const fromDer = asn1.fromDer as unknown as (bytes: string, options: Options) => Element;

/** What is not the DER that it should be. Thrown inside this package only and made a failure at its edge. */
export class DerError extends Error {
  override name = 'DerError';
}

/**
 * Parses DER into forge's tree. Bytes that would not come out the same again are refused: Go refuses them too, and it
 * makes every part that is taken out of the tree (a name, a public key) the very bytes that were in the certificate.
 */
export function readDer(der: Uint8Array): Element {
  const bytes = Buffer.from(der.buffer, der.byteOffset, der.byteLength);
  const element = fromDer(bytes.toString('latin1'), {
    strict: true,
    parseAllBytes: true,
    decodeBitStrings: false,
  });
  if (!toDer(element).equals(bytes)) throw new DerError('it is not in DER');
  return element;
}

export function childrenOf(element: Element): Element[] {
  const { tagClass, type, value } = element;
  const list =
    tagClass === asn1.Class.CONTEXT_SPECIFIC || type === asn1.Type.SEQUENCE || type === asn1.Type.SET;
  if (typeof value === 'string' || !list || (tagClass & 0x40) !== 0)
    throw new DerError('a list was expected');
  return value;
}

/** The element at a path of positions. */
export function at(element: Element, ...path: number[]): Element {
  let found: Element | undefined = element;
  for (const position of path) {
    found = childrenOf(found)[position];
    if (!found) throw new DerError('a part is missing');
  }
  return found;
}

/** The content of a primitive element. */
export function bytesOf(element: Element): Buffer {
  if (typeof element.value !== 'string') throw new DerError('a value was expected');
  return Buffer.from(element.value, 'latin1');
}

/** The content of a BIT STRING without the leading count of unused bits. */
export function bitsOf(element: Element): Buffer {
  if (!isUniversal(element, asn1.Type.BITSTRING)) throw new DerError('a string of bits was expected');
  const bytes = bytesOf(element);
  if ((bytes[0] ?? 8) > 7) throw new DerError('a string of bits is damaged');
  return bytes.subarray(1);
}

export function objectIdOf(element: Element): string {
  if (!isUniversal(element, asn1.Type.OID)) throw new DerError('an object identifier was expected');
  return asn1.derToOid(bytesOf(element).toString('latin1'));
}

export function isUniversal(element: Element | undefined, type: forge.asn1.Type): boolean {
  return element?.tagClass === asn1.Class.UNIVERSAL && element.type === type;
}

export function isTagged(element: Element | undefined, tag: number): boolean {
  return element?.tagClass === asn1.Class.CONTEXT_SPECIFIC && Number(element.type) === tag;
}
