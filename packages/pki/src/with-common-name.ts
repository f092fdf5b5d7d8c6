import forge from 'node-forge';
import { attributeIds } from './oids.ts';
import type { RawName } from './raw-name.ts';
import { at, childrenOf, isUniversal, objectIdOf, readDer } from './read-der.ts';
import { type Element, objectId, sequence, set, text, toDer, utf8Text } from './write-der.ts';

/**
 * A subject with another common name, everything else byte for byte as it was: Go compares names by their bytes. Where
 * there are several common names the last one is replaced, which Go and so etcd takes for the user; where there is none,
 * one is put at the end.
 */
export function withCommonName(subject: RawName, commonName: string): RawName {
  const relatives = childrenOf(readDer(subject));
  const place = relatives.findLastIndex((relative) => childrenOf(relative).some(isCommonName));
  const before = relatives[place];
  if (!before) return toDer(sequence(...relatives, set(attribute(text(commonName)))));
  const attributes = [...childrenOf(before)];
  const position = attributes.findLastIndex(isCommonName);
  attributes[position] = attribute(valueLike(at(before, position, 1), commonName));
  return toDer(sequence(...relatives.with(place, set(...inOrder(attributes)))));
}

function isCommonName(element: Element): boolean {
  return objectIdOf(at(element, 0)) === attributeIds.commonName;
}

function attribute(value: Element): Element {
  return sequence(objectId(attributeIds.commonName), value);
}

/** Of the same kind of string where that can hold anything; PrintableString only where the characters allow it. */
function valueLike(before: Element, commonName: string): Element {
  return isUniversal(before, forge.asn1.Type.UTF8) ? utf8Text(commonName) : text(commonName);
}

/** DER has the elements of a set in the order of their bytes (X.690, 11.6). */
function inOrder(attributes: Element[]): Element[] {
  return attributes
    .map((element) => ({ element, der: toDer(element) }))
    .sort((a, b) => Buffer.compare(a.der, b.der))
    .map(({ element }) => element);
}
