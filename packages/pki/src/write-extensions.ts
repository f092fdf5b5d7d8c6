import { createHash } from 'node:crypto';
import type { Names, Usage } from '@etcd-rotate/protocol';
import { ipToBytes } from './ip.ts';
import { extensionIds, keyUsageBits, usageIds } from './oids.ts';
import { at, bitsOf, readDer } from './read-der.ts';
import {
  bits,
  type Element,
  implicit,
  integer,
  objectId,
  octets,
  sequence,
  toDer,
  yes,
} from './write-der.ts';

export function basicConstraints(isCa: boolean, pathLength?: number): Element {
  const length = pathLength === undefined ? [] : [integer(Buffer.from([pathLength]))];
  return extension('basicConstraints', sequence(...(isCa ? [yes(), ...length] : [])), 'critical');
}

export function keyUsage(...uses: (keyof typeof keyUsageBits)[]): Element {
  const byte = uses.reduce((sum, use) => sum | keyUsageBits[use], 0);
  // DER wants the trailing zero bits counted as unused.
  const unused = 31 - Math.clz32(byte & -byte);
  return extension('keyUsage', bits(Buffer.from([byte]), unused), 'critical');
}

export function extendedKeyUsage(usages: Usage[]): Element {
  return extension('extendedKeyUsage', sequence(...usages.map((usage) => objectId(usageIds[usage]))));
}

/** @param critical must be said where the subject is empty, since the names are then all there is (RFC 5280, 4.2.1.6) */
export function subjectAltName(names: Names, critical: boolean): Element {
  const dns = names.dns.map((name) => {
    if (!/^[\x21-\x7e]+$/.test(name)) throw new RangeError(`not a DNS name: ${JSON.stringify(name)}`);
    return implicit(2, Buffer.from(name, 'latin1'));
  });
  const ip = names.ip.map((address) => implicit(7, ipToBytes(address)));
  return extension('subjectAltName', sequence(...dns, ...ip), critical ? 'critical' : undefined);
}

/** Written by hand: forge ignores the value it is given and hashes its own idea of the key (facts: toolchain, 5.3). */
export function subjectKeyId(keyId: Uint8Array): Element {
  return extension('subjectKeyId', octets(keyId));
}

export function authorityKeyId(keyId: Uint8Array): Element {
  return extension('authorityKeyId', sequence(implicit(0, keyId)));
}

/** The usual key identifier: SHA-1 of the key's bits (RFC 5280, 4.2.1.2). A name for the key, not a protection. */
export function keyIdOf(publicKey: Uint8Array): Buffer {
  return createHash('sha1')
    .update(bitsOf(at(readDer(publicKey), 1)))
    .digest();
}

function extension(name: keyof typeof extensionIds, value: Element, critical?: 'critical'): Element {
  const flag = critical ? [yes()] : [];
  return sequence(objectId(extensionIds[name]), ...flag, octets(toDer(value)));
}
