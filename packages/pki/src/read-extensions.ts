import type { Names } from '@etcd-rotate/protocol';
import forge from 'node-forge';
import { ipFromBytes } from './ip.ts';
import { extensionIds } from './oids.ts';
import {
  at,
  bitsOf,
  bytesOf,
  childrenOf,
  DerError,
  isTagged,
  isUniversal,
  objectIdOf,
  readDer,
} from './read-der.ts';
import { type Element, toDer } from './write-der.ts';

const { Type } = forge.asn1;

/** What the extensions of a certificate or of a request say. Read by ASN.1, not from Node's text of them. */
export interface Extensions {
  isCa: boolean;
  pathLength?: number;
  /** First byte of keyUsage; undefined where the extension is absent and so everything is allowed. */
  keyUsage?: number;
  /** Object identifiers; undefined where the extension is absent. */
  usages?: string[];
  names: Names;
  /** Names that are neither DNS names nor addresses: mail, URI, other. */
  otherNames: number;
  subjectKeyId?: string;
  authority: { keyId?: string; serial?: string; issuer?: Uint8Array };
  nameConstraints?: Element;
  unknownCritical: string[];
}

/** @param list the SEQUENCE OF Extension */
export function readExtensions(list: Element): Extensions {
  const found: Extensions = {
    isCa: false,
    names: { dns: [], ip: [] },
    otherNames: 0,
    authority: {},
    unknownCritical: [],
  };
  const seen = new Set<string>();
  for (const extension of childrenOf(list)) {
    const id = objectIdOf(at(extension, 0));
    // Go refuses such a certificate; which of the two counts would be anybody's guess.
    if (seen.has(id)) throw new DerError(`the extension ${id} is there twice`);
    seen.add(id);
    const parts = childrenOf(extension);
    const read = readers[id];
    if (read) read(readDer(bytesOf(at(extension, parts.length - 1))), found);
    else if (parts.length === 3 && bytesOf(at(extension, 1))[0] !== 0 && !ignored.has(id))
      found.unknownCritical.push(id);
  }
  return found;
}

/** Critical or not, these never make Go or OpenSSL refuse a certificate. */
const ignored = new Set<string>([extensionIds.policies, extensionIds.distributionPoints]);

const readers: Record<string, (value: Element, found: Extensions) => void> = {
  [extensionIds.basicConstraints]: (value, found) => {
    for (const part of childrenOf(value)) {
      if (isUniversal(part, Type.BOOLEAN)) found.isCa = bytesOf(part)[0] !== 0;
      else found.pathLength = Number.parseInt(bytesOf(part).toString('hex'), 16);
    }
  },
  [extensionIds.keyUsage]: (value, found) => {
    found.keyUsage = bitsOf(value)[0] ?? 0;
  },
  [extensionIds.extendedKeyUsage]: (value, found) => {
    found.usages = childrenOf(value).map(objectIdOf);
  },
  [extensionIds.subjectKeyId]: (value, found) => {
    found.subjectKeyId = bytesOf(value).toString('hex');
  },
  [extensionIds.authorityKeyId]: (value, found) => {
    for (const part of childrenOf(value)) {
      if (isTagged(part, 0)) found.authority.keyId = bytesOf(part).toString('hex');
      if (isTagged(part, 1)) {
        const directory = childrenOf(part).find((name) => isTagged(name, 4));
        if (directory) found.authority.issuer = toDer(at(directory, 0));
      }
      if (isTagged(part, 2)) found.authority.serial = hexOfInteger(bytesOf(part));
    }
  },
  [extensionIds.subjectAltName]: (value, found) => {
    for (const name of childrenOf(value)) {
      const address = isTagged(name, 7) ? ipFromBytes(bytesOf(name)) : undefined;
      if (isTagged(name, 2)) found.names.dns.push(bytesOf(name).toString('latin1'));
      else if (address !== undefined) found.names.ip.push(address);
      else found.otherNames += 1;
    }
  },
  [extensionIds.nameConstraints]: (value, found) => {
    found.nameConstraints = value;
  },
};

/** An INTEGER as hex without the leading zero byte that keeps it positive. */
export function hexOfInteger(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return hex.length > 2 && hex.startsWith('00') ? hex.slice(2) : hex;
}
