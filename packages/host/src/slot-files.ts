import { readFile, stat } from 'node:fs/promises';
import { type Certificate, keyMatches, readCertificates } from '@etcd-rotate/pki';
import { fail, type KnownCertificate, ok, type Result } from '@etcd-rotate/protocol';
import { certificateFile, type SlotFiles } from './holders.ts';

/** The certificates of a slot as etcd would read them: a leaf's chain, leaf first, or a bundle in order. */
export async function readSlot(files: SlotFiles): Promise<Result<Certificate[]>> {
  const path = certificateFile(files);
  const text = await readText(path);
  if (!text.ok) return text;
  const certificates = readCertificates(text.value);
  if (certificates.ok) return certificates;
  const { code, message, hint } = certificates.failure;
  return fail(code, `${path}: ${message}`, hint);
}

/** A leaf's certificate and key as PEM, checked to belong together. */
export async function readPair(files: SlotFiles): Promise<Result<{ cert: string; key: string }>> {
  if ('ca' in files) return fail('internal', 'a bundle has no key', 'please report this');
  const [cert, key, chain] = [await readText(files.cert), await readText(files.key), await readSlot(files)];
  if (!cert.ok) return cert;
  if (!key.ok) return key;
  if (!chain.ok) return chain;
  const [leaf] = chain.value;
  if (!leaf || !keyMatches(leaf, key.value)) {
    return fail(
      'key-mismatch',
      `${files.cert} and ${files.key} do not belong together`,
      'every handshake with this pair fails: put back the pair that belongs together',
    );
  }
  return ok({ cert: cert.value, key: key.value });
}

export async function readText(path: string): Promise<Result<string>> {
  try {
    return ok(await readFile(path, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail('bad-file', `${path} cannot be read: ${reason}`, 'correct the path in the agent file, or the file');
  }
}

/** When the contents of a slot began to be seen (see generations.ts). */
export async function writtenAt(files: SlotFiles): Promise<Date> {
  return (await stat(certificateFile(files))).mtime;
}

export function asKnown({ pem, facts }: Certificate): KnownCertificate {
  return { pem, facts };
}
