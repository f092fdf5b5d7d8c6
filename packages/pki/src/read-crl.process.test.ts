import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { aCa, refusalOf, unwrap } from '../test/a-certificate.ts';
import { readCrl } from './read-crl.ts';

/** A list as openssl makes it, in both formats. */
function aCrl(serials: string[], { version1 = false } = {}): { pem: Buffer; der: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'etcd-rotate-crl-'));
  try {
    const { certificate, key } = aCa('crl CA');
    const at = (name: string) => join(folder, name);
    writeFileSync(at('ca.crt'), certificate.pem);
    writeFileSync(at('ca.key'), key.reveal());
    writeFileSync(at('number'), '01\n');
    const lines = serials.map((serial) => `R\t301231000000Z\t260101000000Z\t${serial}\tunknown\t/CN=x\n`);
    writeFileSync(at('index'), lines.join(''));
    const number = version1 ? '' : `crlnumber=${at('number')}\n`;
    writeFileSync(
      at('conf'),
      `[ca]\ndefault_ca=a\n[a]\ndatabase=${at('index')}\n${number}default_md=sha256\ndefault_crl_days=30\n`,
    );
    const signing = ['-config', at('conf'), '-cert', at('ca.crt'), '-keyfile', at('ca.key')];
    execFileSync('openssl', ['ca', '-gencrl', ...signing, '-out', at('pem')], { stdio: 'pipe' });
    const der = ['crl', '-in', at('pem'), '-outform', 'DER', '-out', at('der')];
    execFileSync('openssl', der, { stdio: 'pipe' });
    return { pem: readFileSync(at('pem')), der: readFileSync(at('der')) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const serials = ['01', '0A', 'FF01', '7FEEDDCCBBAA99887766554433221100'];

describe('reads the serials as certificates say theirs', () => {
  test.each([false, true])('in PEM and in DER, of version 1: %s', (version1) => {
    const { pem, der } = aCrl(serials, { version1 });
    const expected = serials.map((serial) => serial.toLowerCase());
    expect(unwrap(readCrl(pem))).toEqual({ format: 'pem', serials: expected });
    expect(unwrap(readCrl(der))).toEqual({ format: 'der', serials: expected });
  });

  test.each([false, true])('none where nothing is revoked, of version 1: %s', (version1) => {
    expect(unwrap(readCrl(aCrl([], { version1 }).der))).toEqual({ format: 'der', serials: [] });
  });

  test('of a certificate that is revoked', () => {
    const { serial } = aCa('revoked').certificate.facts;
    expect(unwrap(readCrl(aCrl([serial.toUpperCase()]).pem)).serials).toEqual([serial]);
  });

  test('of thousands, at once', () => {
    const many = Array.from({ length: 20_000 }, (_none, index) =>
      (0x100000 + index).toString(16).toUpperCase(),
    );
    const { der } = aCrl(many);
    const began = process.cpuUsage();
    expect(unwrap(readCrl(der)).serials).toHaveLength(20_000);
    // Of the processor's time, whatever else this machine does meanwhile.
    expect(process.cpuUsage(began).user / 1000).toBeLessThan(2_000);
  });
});

describe('refuses what etcd could not read, or would read otherwise', () => {
  const { pem, der } = aCrl(serials);
  test.each([
    ['nothing', Buffer.alloc(0)],
    ['text before the PEM, which Go takes for DER', Buffer.concat([Buffer.from('# list\n'), pem])],
    ['a PEM that is cut off', pem.subarray(0, -60)],
    ['two lists, of which the second would not count', Buffer.concat([pem, pem])],
    ['a certificate', Buffer.from(aCa('ca').certificate.pem)],
    ['a certificate in DER', Buffer.from(aCa('ca').certificate.der)],
    ['DER that is cut off', der.subarray(0, -1)],
    ['bytes behind the DER', Buffer.concat([der, Buffer.from([0])])],
    ['a length without end', Buffer.from([0x30, 0x80, 0, 0])],
    ['a length beyond the file', Buffer.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff])],
    ['a file that is too long', Buffer.alloc(3 * 1024 * 1024)],
  ])('%s', (_what, bytes) => {
    expect(refusalOf(readCrl(bytes))).toMatch(/^crl-unusable: the CRL cannot be read: /);
  });

  test('any damage: there is an answer, and never a fault', () => {
    for (let seed = 1; seed < 3000; seed += 1) {
      const damaged = Buffer.from(der);
      damaged[seed % damaged.length] = (seed * 31) & 0xff;
      expect(typeof readCrl(damaged).ok).toBe('boolean');
    }
  });
});
