import { isIP, isIPv4 } from 'node:net';

/** An address in its one shortest way of writing, or undefined if the text is not one: `::1` of `0:0::0:1`. */
export function canonicalIp(address: string): string | undefined {
  if (isIPv4(address)) return address;
  if (isIP(address) !== 6 || address.includes('%')) return undefined;
  return new URL(`http://[${address}]/`).hostname.slice(1, -1);
}

/** The 4 or 16 bytes of an address, as they stand in a certificate. */
export function ipToBytes(address: string): Buffer {
  const canonical = canonicalIp(address);
  if (canonical === undefined) throw new RangeError(`not an IP address: ${address}`);
  if (isIPv4(canonical)) return Buffer.from(canonical.split('.').map(Number));
  const [head = '', tail] = canonical.split('::');
  const before = groups(head);
  const after = groups(tail ?? '');
  const gap = tail === undefined ? [] : Array<number>(8 - before.length - after.length).fill(0);
  const bytes = Buffer.alloc(16);
  [...before, ...gap, ...after].forEach((group, index) => {
    bytes.writeUInt16BE(group, index * 2);
  });
  return bytes;
}

export function ipFromBytes(bytes: Uint8Array): string | undefined {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return undefined;
  const hex = Buffer.from(bytes).toString('hex');
  return canonicalIp(hex.replace(/....(?!$)/g, '$&:'));
}

function groups(part: string): number[] {
  return part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
}
