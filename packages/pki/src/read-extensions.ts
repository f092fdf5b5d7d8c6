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
import { readableConstraints } from './readable-constraints.ts';
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
  /** First byte of Netscape's certificate type, which OpenSSL still looks at. */
  netscapeType?: number;
  /** Critical ones that Go or OpenSSL does not know or not as critical, and one that newer Go takes for such. */
  unknownCritical: string[];
  /** What makes Go refuse the whole certificate. */
  unreadable?: string;
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
    readers[id]?.(readDer(bytesOf(at(extension, parts.length - 1))), found);
    const critical = parts.length === 3 && bytesOf(at(extension, 1))[0] !== 0;
    if (critical ? !knownAsCritical.has(id) : id === extensionIds.policyConstraints)
      found.unknownCritical.push(id);
  }
  return found;
}

/** Critical or not, Go and OpenSSL know these. Key identifiers must not be critical (RFC 5280, 4.2.1.1 and 4.2.1.2). */
const knownAsCritical = new Set<string>([
  extensionIds.keyUsage,
  extensionIds.subjectAltName,
  extensionIds.basicConstraints,
  extensionIds.nameConstraints,
  extensionIds.distributionPoints,
  extensionIds.policies,
  extensionIds.extendedKeyUsage,
]);

const readers: Record<string, (value: Element, found: Extensions) => void> = {
  [extensionIds.basicConstraints]: (value, found) => {
    for (const part of childrenOf(value)) {
      if (isUniversal(part, Type.BOOLEAN)) found.isCa = bytesOf(part)[0] !== 0;
      else found.pathLength = Number.parseInt(bytesOf(part).toString('hex'), 16);
      if (isUniversal(part, Type.INTEGER) && isNegative(part))
        found.unreadable = 'a path length below nought';
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
      if (!readableByGo(name))
        found.unreadable = `the name ${JSON.stringify(bytesOf(name).toString('latin1'))}`;
    }
  },
  [extensionIds.netscapeType]: (value, found) => {
    found.netscapeType = bitsOf(value)[0] ?? 0;
  },
  [extensionIds.nameConstraints]: (value, found) => {
    found.nameConstraints = value;
    if (!readableConstraints(value)) found.unreadable = 'name constraints';
  },
  [extensionIds.policies]: (value, found) => {
    const ids = childrenOf(value).map((policy) => objectIdOf(at(policy, 0)));
    if (new Set(ids).size < ids.length) found.unreadable = 'a policy twice';
  },
};

function isNegative(integer: Element): boolean {
  return ((bytesOf(integer)[0] ?? 0) & 0x80) !== 0;
}

/** Go wants ASCII, addresses of a length that there is, and URIs; of these only plain ones are believed in here. */
function readableByGo(name: Element): boolean {
  if (isTagged(name, 7)) return ipFromBytes(bytesOf(name)) !== undefined;
  if (isTagged(name, 6)) return plainUri.test(bytesOf(name).toString('latin1'));
  return !(isTagged(name, 1) || isTagged(name, 2)) || bytesOf(name).every((byte) => byte < 0x80);
}

const plainUri =
  /^[a-z][a-z0-9+.-]*:(\/\/[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]+)?(\/[\w.~!$&'()*+,;=:@/?-]*)?|\w[\w.~:-]*)$/i;

/** An INTEGER as hex without the leading zero byte that keeps it positive. */
export function hexOfInteger(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return hex.length > 2 && hex.startsWith('00') ? hex.slice(2) : hex;
}
