import { createPrivateKey } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pemBlock } from '../../../packages/pki/src/pem.ts';
import { aCa, aLeaf, type Pair } from '../../lab-pki.ts';
import type { Case, Scene } from '../case.ts';
import { once } from '../held-case.ts';
import { makeScratch } from '../scratch.ts';

/** Files that somebody gives to an operator as those of a CA. */
export const adopting: Scene = ({ lab }) => {
  const scratch = makeScratch(lab);
  const ca = aCa('A CA to adopt');
  const cert = ca.certificate.pem;
  const key = ca.key.reveal();
  const passphrase = { cipher: 'aes-256-cbc', passphrase: 'x' };
  const encrypted = createPrivateKey(key)
    .export({ type: 'pkcs8', format: 'pem', ...passphrase })
    .toString();
  const files = join(scratch.folder, 'given');
  mkdirSync(files);
  let count = 0;
  const adopt = (given: { cert: string; key: string }, name?: string): Promise<string> => {
    count += 1;
    const [certFile, keyFile] = [join(files, `${count}.pem`), join(files, `${count}-key.pem`)];
    writeFileSync(certFile, given.cert);
    writeFileSync(keyFile, given.key, { mode: 0o600 });
    return scratch.coordinator(
      'adopt-ca',
      '--name',
      name ?? `ca-${count}`,
      '--cert',
      certFile,
      '--key',
      keyFile,
    );
  };
  const pair = ({ certificate, key: own }: Pair) => ({ cert: certificate.pem, key: own.reveal() });
  const control = once(() => adopt({ cert, key }));
  const tries: Record<string, [code: string, given: { cert: string; key: string }, name?: string]> = {
    'a certificate with its key behind it': ['bad-certificate', { cert: cert + key, key }],
    'a certificate and one more': ['bad-certificate', { cert: cert + aCa('Another').certificate.pem, key }],
    'a leaf': ['bad-certificate', pair(aLeaf(ca))],
    'a certificate cut off in the middle': ['bad-certificate', { cert: cert.slice(0, 300), key }],
    'bytes behind the DER': [
      'bad-certificate',
      { cert: pemBlock('CERTIFICATE', Buffer.concat([ca.certificate.der, Buffer.from([5, 0])])), key },
    ],
    'a length without an end': [
      'bad-certificate',
      { cert: pemBlock('CERTIFICATE', Buffer.from('3080020101', 'hex')), key },
    ],
    'the key of another CA': ['key-mismatch', { cert, key: aCa('Another').key.reveal() }],
    'a key that is encrypted': ['bad-key', { cert, key: encrypted }],
    'a key that is none': ['bad-key', { cert, key: 'a secret\n' }],
    'a key of a megabyte': ['bad-key', { cert, key: key.repeat(5_000) }],
    'a CA that has expired': ['certificate-expired', pair(aCa('Long ago', { days: [-20, -10] }))],
    'a name that is a path': ['bad-usage', { cert, key }, '../../ca'],
    'the name of the file of the store': ['bad-usage', { cert, key }, 'kdf'],
  };
  return Object.entries(tries).map(
    ([name, [expected, given, as]]): Case => ({
      class: 'adopted CAs',
      name: `adopts ${name}`,
      by: 'who gives the files',
      expected,
      attack: () => adopt(given, as),
      control,
    }),
  );
};
