import { readFile } from 'node:fs/promises';
import { fail, type OutsideSigner, ok, type Result } from '@etcd-rotate/protocol';
import { cfsslCa, type OutsideCa, readOutsideChain, vaultCa } from '@etcd-rotate/signer';
import type { Places } from '../files.ts';
import { readSecret } from '../read-secret.ts';

/** The CAs of coordinator.yaml whose keys are outside, with what it takes to ask for their signatures. Nobody is asked yet. */
export async function outsideCas(
  signers: readonly OutsideSigner[],
  places: Places,
): Promise<Result<OutsideCa[]>> {
  const cas: OutsideCa[] = [];
  for (const signer of signers) {
    const ca = await outsideCa(signer, places);
    if (!ca.ok) return ca;
    cas.push(ca.value);
  }
  const prints = cas.map(({ issuer }) => issuer.facts.fingerprint);
  const twice = cas.find(({ issuer }, index) => prints.indexOf(issuer.facts.fingerprint) < index);
  if (!twice) return ok(cas);
  return fail(
    'bad-file',
    `signers: ${twice.name} has the certificate of another signer (${twice.issuer.facts.subject})`,
    'name each CA once in coordinator.yaml',
  );
}

async function outsideCa(signer: OutsideSigner, places: Places): Promise<Result<OutsideCa>> {
  const { name } = signer;
  const path = places.from(signer.certificate);
  const pem = await read(path, name);
  if (!pem.ok) return pem;
  const chain = readOutsideChain(pem.value, path);
  if (!chain.ok) return chain;
  const { ca } = 'cfssl' in signer ? signer.cfssl : signer.vault;
  const tlsCa = ca === undefined ? ok(undefined) : await read(places.from(ca), name);
  if (!tlsCa.ok) return tlsCa;
  const common = { name, chain: chain.value, tlsCa: tlsCa.value };
  if ('vault' in signer) {
    const token = await readSecret(signer.vault.token, `the token of ${name}`, places);
    if (!token.ok) return token;
    if (/^[\x21-\x7e]+$/.test(token.value.reveal()))
      return ok(vaultCa({ ...common, settings: signer.vault, token: token.value }));
    return fail(
      'bad-file',
      `the token of ${name} is not one word`,
      'put the token of Vault alone into its file',
    );
  }
  const authKey = await readSecret(signer.cfssl.authKey, `the authKey of ${name}`, places);
  if (!authKey.ok) return authKey;
  if (/^([0-9a-f]{2}){16,}$/i.test(authKey.value.reveal()))
    return ok(cfsslCa({ ...common, settings: signer.cfssl, authKey: authKey.value }));
  return fail(
    'bad-file',
    `the authKey of ${name} is not 16 bytes or more in hex`,
    "put the key under `auth_keys` of cfssl's configuration into its file",
  );
}

async function read(path: string, name: string): Promise<Result<string>> {
  try {
    return ok(await readFile(path, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail(
      'bad-file',
      `${path} cannot be read: ${reason}`,
      `correct the signer ${name} in coordinator.yaml`,
    );
  }
}
