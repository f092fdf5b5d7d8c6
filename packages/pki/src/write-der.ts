import forge from 'node-forge';

const { asn1 } = forge;
const { UNIVERSAL, CONTEXT_SPECIFIC } = asn1.Class;
const { Type } = asn1;

export type Element = forge.asn1.Asn1;

export function toDer(element: Element): Buffer {
  return Buffer.from(asn1.toDer(element).getBytes(), 'latin1');
}

export function sequence(...elements: Element[]): Element {
  return asn1.create(UNIVERSAL, Type.SEQUENCE, true, elements);
}

export function set(...elements: Element[]): Element {
  return asn1.create(UNIVERSAL, Type.SET, true, elements);
}

/** A constructed element with a context tag: `[0]`, `[3]`. */
export function tagged(tag: number, ...elements: Element[]): Element {
  return asn1.create(CONTEXT_SPECIFIC, tag as forge.asn1.Type, true, elements);
}

/** A primitive element with a context tag, as in general names and key identifiers. */
export function implicit(tag: number, content: Uint8Array): Element {
  return asn1.create(CONTEXT_SPECIFIC, tag as forge.asn1.Type, false, binary(content));
}

export function objectId(oid: string): Element {
  return asn1.create(UNIVERSAL, Type.OID, false, asn1.oidToDer(oid).getBytes());
}

/** Big-endian bytes of a number that is not negative; a leading zero keeps it so (facts: toolchain, 5.3). */
export function integer(bytes: Uint8Array): Element {
  const first = bytes[0] ?? 0;
  return asn1.create(UNIVERSAL, Type.INTEGER, false, (first & 0x80 ? '\0' : '') + binary(bytes));
}

export function octets(content: Uint8Array): Element {
  return asn1.create(UNIVERSAL, Type.OCTETSTRING, false, binary(content));
}

export function bits(content: Uint8Array, unused = 0): Element {
  return asn1.create(UNIVERSAL, Type.BITSTRING, false, String.fromCharCode(unused) + binary(content));
}

export function yes(): Element {
  return asn1.create(UNIVERSAL, Type.BOOLEAN, false, '\xff');
}

export function nothing(): Element {
  return asn1.create(UNIVERSAL, Type.NULL, false, '');
}

/** PrintableString where the text allows it, else UTF8String: forge alone would say PrintableString of anything. */
export function text(value: string): Element {
  if (!/^[A-Za-z0-9 '()+,\-./:=?]*$/.test(value)) return utf8Text(value);
  return asn1.create(UNIVERSAL, Type.PRINTABLESTRING, false, value);
}

export function utf8Text(value: string): Element {
  return asn1.create(UNIVERSAL, Type.UTF8, false, binary(Buffer.from(value, 'utf8')));
}

/** UTCTime ends with 2049 (RFC 5280, 4.1.2.5). */
export function time(date: Date): Element {
  return date.getUTCFullYear() < 2050
    ? asn1.create(UNIVERSAL, Type.UTCTIME, false, asn1.dateToUtcTime(date))
    : asn1.create(UNIVERSAL, Type.GENERALIZEDTIME, false, asn1.dateToGeneralizedTime(date));
}

function binary(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
