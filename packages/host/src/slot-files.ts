import { type Certificate, keyMatches } from '@etcd-rotate/pki';
import { fail, type KnownCertificate, ok, type Result, Secret } from '@etcd-rotate/protocol';
import { certificateFile, type SlotFiles } from './holders.ts';
import { parsedPem } from './parsed-pem.ts';
import { readSmall } from './read-small.ts';

/** The certificates of a slot as etcd would read them: a leaf's chain, leaf first, or a bundle in order. */
export async function readSlot(files: SlotFiles): Promise<Result<Certificate[]>> {
  const path = certificateFile(files);
  const text = await readText(path);
  if (!text.ok) return text;
  return named(path, parsedPem(text.value));
}

function named<T>(path: string, read: Result<T>): Result<T> {
  return read.ok ? read : fail(read.failure.code, `${path}: ${read.failure.message}`, read.failure.hint);
}

export interface Pair {
  cert: string;
  key: Secret;
}

/** A leaf's certificate and key as PEM, checked to belong together. */
export async function readPair(files: SlotFiles): Promise<Result<Pair>> {
  const first = await readPairOnce(files);
  // Two reads are not one: the pair may have been switched in between.
  return first.ok || first.failure.code !== 'key-mismatch' ? first : readPairOnce(files);
}

async function readPairOnce(files: SlotFiles): Promise<Result<Pair>> {
  if ('ca' in files) return fail('internal', 'a bundle has no key', 'please report this');
  const [cert, key] = [await readText(files.cert), await readText(files.key)];
  if (!cert.ok) return cert;
  if (!key.ok) return key;
  const chain = named(files.cert, parsedPem(cert.value));
  if (!chain.ok) return chain;
  const pair = { cert: cert.value, key: new Secret(key.value) };
  const [leaf] = chain.value;
  if (!leaf || !keyMatches(leaf, pair.key)) {
    return fail(
      'key-mismatch',
      `${files.cert} and ${files.key} do not belong together`,
      'every handshake with this pair fails: put back the pair that belongs together',
    );
  }
  return ok(pair);
}

export async function readText(path: string): Promise<Result<string>> {
  try {
    return ok((await readSmall(path)).bytes.toString());
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail(
      'bad-file',
      `${path} cannot be read: ${reason}`,
      'correct the path in the agent file, or the file',
    );
  }
}

export function asKnown({ pem, facts }: Certificate): KnownCertificate {
  return { pem, facts };
}
