import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab, PairFiles } from '@etcd-rotate/lab';
import { readCertificate } from '@etcd-rotate/pki';
import { Secret } from '@etcd-rotate/protocol';
import * as builder from '../packages/pki/test/a-certificate.ts';

// Certificates for a lab that cfssl did not make: of its own first CAs, or of others, and valid now unless said.

export type Pair = builder.Pair;
export type Wish = builder.Wish;

/** A CA that the lab began with; `peer-ca` is there where it has two. */
export function firstCa(lab: Lab, name: 'ca' | 'peer-ca'): Pair {
  const files = { cert: join(lab.layout.ca, `${name}.pem`), key: join(lab.layout.ca, `${name}-key.pem`) };
  return pairIn(files);
}

export function pairIn({ cert, key }: PairFiles): Pair {
  const certificate = builder.unwrap(readCertificate(readFileSync(cert, 'utf8')));
  return { certificate, key: new Secret(readFileSync(key, 'utf8')) };
}

export function aCa(name: string, wish: Wish = {}): Pair {
  return builder.aCa(name, { since: new Date(), ...wish });
}

export function aLeaf(issuer: Pair, wish: Wish = {}): Pair {
  return builder.aLeaf(issuer, { since: new Date(), ...wish });
}

/** In place, as somebody with an editor does: whoever reads it meanwhile may see half. */
export function writePair({ cert, key }: PairFiles, pair: Pair): void {
  writeFileSync(cert, pair.certificate.pem);
  writeFileSync(key, pair.key.reveal(), { mode: 0o600 });
}

export function bundleOf(...cas: Pair[]): string {
  return cas.map(({ certificate }) => certificate.pem).join('');
}

/** Gives CAs to the coordinator, which is started again. */
export async function holdCas(lab: Lab, cas: Record<string, Pair>): Promise<void> {
  await lab.control.coordinator.stop();
  for (const [name, pair] of Object.entries(cas)) {
    const files = { cert: join(lab.layout.ca, `${name}.pem`), key: join(lab.layout.ca, `${name}-key.pem`) };
    writePair(files, pair);
    const { code, stdout, stderr } = await lab.control.adoptCa(name, files);
    if (code !== 0) throw new Error(`adopt-ca ${name}: exit ${code}: ${stderr || stdout}`);
  }
  await lab.control.coordinator.start();
  await lab.control.ready();
}
