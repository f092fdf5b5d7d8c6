import { createHash, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { sealToCoordinator } from '@etcd-rotate/bus';
import { othersCanRead, readKeyFile, sayAdopted } from '@etcd-rotate/daemon';
import { type Failure, type FailureCode, fail, ok, type Result, type Secret } from '@etcd-rotate/protocol';
import { act } from '../act.ts';
import type { Answer, Coordinator } from '../coordinator.ts';
import { exitCodeOf, exitCodes } from '../exit-codes.ts';
import { give } from '../give.ts';
import { type CommonOptions, withCoordinator } from '../with-coordinator.ts';
import { findCa } from './find-ca.ts';

export interface AdoptOptions extends CommonOptions {
  name: string;
  /** Files in PEM. */
  cert: string;
  key: string;
}

/** Gives a CA that is in use to the coordinator: its key goes sealed, so that only the coordinator can read it. */
export function adoptCa({ name, cert, key, ...options }: AdoptOptions): Promise<number> {
  return withCoordinator(options, async ({ coordinator, terminal }) => {
    const pair = await readPair({ cert, key });
    if (!pair.ok) {
      terminal.fail([pair.failure]);
      return exitCodeOf(pair.failure.code);
    }
    const done = await send(coordinator, { name, ...pair.value });
    if (!done.ok)
      return give(
        terminal,
        done.failures.map((failure) => inFile(failure, { cert, key })),
      );
    // In the words of the coordinator, in which every list says it.
    const there = await findCa(coordinator, name);
    const { facts } = there.ok ? there.value.certificate : pair.value;
    const isOpen = await othersCanRead(key);
    terminal.tell({ outcome: 'adopted', name, fingerprint: facts.fingerprint, keyFileIsOpen: isOpen });
    for (const line of sayAdopted({ name, facts, keyFile: key, isOpen })) terminal.say(line);
    return exitCodes.done;
  });
}

interface Pair {
  certificate: string;
  key: Secret;
  facts: { subject: string; fingerprint: string; notAfter: string };
}

async function send(
  coordinator: Coordinator,
  { name, certificate, key, facts: { fingerprint } }: Pair & { name: string },
): Promise<Answer<'done'>> {
  const given = await coordinator.ask('adopt-key', { type: 'ca-adopt-key' });
  if (!given.ok) return given;
  const sealed = sealToCoordinator(given.value.publicKey, key, {
    fleet: coordinator.about.fleet,
    name,
    fingerprint,
  });
  if (!sealed) return { ok: false, failures: [unusable] };
  return act(coordinator, {
    expected: 'done',
    body: { type: 'ca-adopt', name, certificate, sealed },
    wasDone: async () => {
      const there = await coordinator.ask('cas', { type: 'cas' });
      if (!there.ok) return 'unknown';
      const isThere = there.value.cas.some(
        (one) => one.name === name && one.certificate.facts.fingerprint === fingerprint,
      );
      return isThere ? { ok: true, value: { type: 'done' } } : 'not-done';
    },
  });
}

const unusable = fail(
  'bad-message',
  'the key that the coordinator gave to seal the CA key for cannot be used',
  'bring `rotate` and the coordinator to the same version',
).failure;

/** What is wrong with the two is for the coordinator to say: it looks at them as at those it is given on its own machine. */
async function readPair(files: { cert: string; key: string }): Promise<Result<Pair>> {
  const certificate = await readCertificate(files.cert);
  if (!certificate.ok) return certificate;
  const key = await readKeyFile(files.key);
  return key.ok ? ok({ ...certificate.value, key: key.value }) : key;
}

async function readCertificate(path: string): Promise<Result<Omit<Pair, 'key'>>> {
  let certificate: string;
  try {
    certificate = await readFile(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail('bad-file', `${path} cannot be read: ${reason}`, 'name a file in PEM that you can read');
  }
  try {
    const { raw, subject, validTo } = new X509Certificate(certificate);
    const fingerprint = createHash('sha256').update(raw).digest('hex');
    const notAfter = new Date(validTo).toISOString();
    return ok({ certificate, facts: { subject: subject.split('\n').join(', '), fingerprint, notAfter } });
  } catch {
    return fail('bad-certificate', `${path} is not a certificate in PEM`, 'give the certificate of the CA');
  }
}

/** The coordinator does not know what our files are called. */
function inFile(failure: Failure, { cert, key }: { cert: string; key: string }): Failure {
  const files: Partial<Record<FailureCode, string>> = {
    'bad-key': key,
    'key-mismatch': `${cert}, ${key}`,
    'bad-certificate': cert,
    'certificate-expired': cert,
  };
  const where = files[failure.code];
  return where === undefined ? failure : { ...failure, message: `${where}: ${failure.message}` };
}
