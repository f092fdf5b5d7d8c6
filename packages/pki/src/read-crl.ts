import { fail, ok, type Result } from '@etcd-rotate/protocol';
import { hexOfInteger } from './read-extensions.ts';
import { readPem } from './read-pem.ts';

export interface Crl {
  format: 'pem' | 'der';
  /** Of every entry, in lower-case hex as `CertificateFacts` has it. */
  serials: string[];
}

/** An entry takes 30 bytes and more: etcd reads the whole list at every handshake. */
const mostBytes = 2 * 1024 * 1024;

/**
 * The serials on a certificate revocation list (RFC 5280, section 5.1), as etcd looks at them: whoever issued it, whatever
 * its dates and its signature say (facts: etcd, section 2).
 */
export function readCrl(bytes: Uint8Array): Result<Crl> {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length > mostBytes) return refuse(`it has ${file.length} bytes, more than ${mostBytes}`);
  // Go takes for PEM only what begins so in its first byte, and everything else for DER.
  if (!file.subarray(0, pemBegin.length).equals(pemBegin)) return serialsIn(file, 'der');
  const blocks = readPem(file.toString('latin1'));
  if (!blocks.ok) return refuse(blocks.failure.message.replace(/: etcd would start .*$/, ''));
  const [block, ...others] = blocks.value;
  if (block?.type !== 'X509 CRL') return refuse('it begins with a block that is no X509 CRL');
  if (others.length > 0) {
    return refuse(`it has ${blocks.value.length} blocks, of which etcd would read the first alone`);
  }
  return serialsIn(block.der, 'pem');
}

const pemBegin = Buffer.from('-----BEGIN X509 CRL');

function serialsIn(der: Buffer, format: Crl['format']): Result<Crl> {
  try {
    return ok({ format, serials: read(der) });
  } catch (error) {
    if (!(error instanceof NotDer)) throw error;
    return refuse(`it is no CRL in DER: ${error.message}`);
  }
}

class NotDer extends Error {}

/** Read piece by piece and not as a tree: such a list may have tens of thousands of entries. */
function read(der: Buffer): string[] {
  const [list, ...trailing] = partsOf(der);
  if (list?.tag !== sequence || trailing.length > 0) throw new NotDer('one list was expected');
  const [body, algorithm, signature, ...more] = partsOf(list.value);
  const isWhole = body?.tag === sequence && algorithm?.tag === sequence && signature?.tag === bitString;
  if (!isWhole || more.length > 0) throw new NotDer('it is not a list with its signature');
  const fields = partsOf(body.value);
  // The version is left out of version 1 lists.
  const [algorithmInside, issuer, thisUpdate, ...rest] =
    fields[0]?.tag === integer ? fields.slice(1) : fields;
  if (algorithmInside?.tag !== sequence || issuer?.tag !== sequence || !isTime(thisUpdate)) {
    throw new NotDer('its issuer or its date is missing');
  }
  const revoked = isTime(rest[0]) ? rest[1] : rest[0];
  // Extensions alone, where nothing is revoked.
  if (!revoked || revoked.tag === extensions) return [];
  if (revoked.tag !== sequence) throw new NotDer('its entries are missing');
  return partsOf(revoked.value).map(serialOf);
}

function serialOf({ tag, value }: Part): string {
  const [serial, date] = tag === sequence ? partsOf(value) : [];
  if (serial?.tag !== integer || serial.value.length === 0 || !isTime(date)) {
    throw new NotDer('one of its entries is damaged');
  }
  return hexOfInteger(serial.value);
}

interface Part {
  tag: number;
  value: Buffer;
}

const [integer, bitString, sequence, extensions] = [0x02, 0x03, 0x30, 0xa0];
const times = [0x17, 0x18];

function isTime(part: Part | undefined): boolean {
  return part !== undefined && times.includes(part.tag);
}

/** The elements that follow one another, each with a tag of one byte: a CRL has no other. */
function partsOf(bytes: Buffer): Part[] {
  const parts: Part[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at] ?? 0;
    const first = bytes[at + 1] ?? invalid();
    const size = first < 0x80 ? 0 : first & 0x7f;
    if (first === 0x80 || size > 4 || at + 2 + size > bytes.length) invalid();
    const length = size === 0 ? first : bytes.readUIntBE(at + 2, size);
    const from = at + 2 + size;
    if (from + length > bytes.length) invalid();
    parts.push({ tag, value: bytes.subarray(from, from + length) });
    at = from + length;
  }
  return parts;
}

function invalid(): never {
  throw new NotDer('it is cut off or damaged');
}

function refuse(why: string) {
  return fail(
    'crl-unusable',
    `the CRL cannot be read: ${why}`,
    'look at it with: openssl crl -noout -text -in FILE; etcd refuses every handshake while it cannot read it',
  );
}
