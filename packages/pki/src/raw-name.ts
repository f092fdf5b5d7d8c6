import forge from 'node-forge';
import { attributeIds } from './oids.ts';
import { at, bytesOf, childrenOf, isUniversal, objectIdOf, readDer } from './read-der.ts';
import { type Element, objectId, sequence, set, text, toDer } from './write-der.ts';

const { Type } = forge.asn1;

/**
 * A name as the DER it is made of. Go compares issuer and subject byte for byte, so a name is copied and never made
 * again from its text: a UTF8String is not a PrintableString (facts: etcd, section 9).
 */
export type RawName = Uint8Array;

export type NameFields = { [Field in keyof typeof attributeIds]?: string };

export function nameFrom(fields: NameFields): RawName {
  const order = Object.keys(attributeIds) as (keyof typeof attributeIds)[];
  const attributes = order.flatMap((field) => {
    const value = fields[field];
    return value === undefined ? [] : [set(sequence(objectId(attributeIds[field]), text(value)))];
  });
  return toDer(sequence(...attributes));
}

export function sameName(a: RawName, b: RawName): boolean {
  return Buffer.compare(a, b) === 0;
}

export interface Attribute {
  id: string;
  /** Undefined where the value is not one of the usual kinds of text. */
  text: string | undefined;
  der: Buffer;
}

/** The attributes of each relative name, in the order of the DER. */
export function attributesOf(name: RawName): Attribute[][] {
  return childrenOf(readDer(name)).map((relative) =>
    childrenOf(relative).map((attribute) => ({
      id: objectIdOf(at(attribute, 0)),
      text: textOf(at(attribute, 1)),
      der: toDer(at(attribute, 1)),
    })),
  );
}

function textOf(element: Element): string | undefined {
  if (isUniversal(element, Type.UTF8)) return bytesOf(element).toString('utf8');
  if (isUniversal(element, Type.PRINTABLESTRING) || isUniversal(element, Type.IA5STRING)) {
    return bytesOf(element).toString('latin1');
  }
  if (isUniversal(element, teletex)) return bytesOf(element).toString('latin1');
  if (isUniversal(element, Type.BMPSTRING) && bytesOf(element).length % 2 === 0) {
    return bytesOf(element).swap16().toString('utf16le');
  }
  return undefined;
}

const teletex = 20 as forge.asn1.Type;
