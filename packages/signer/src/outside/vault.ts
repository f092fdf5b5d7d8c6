import { ok, type Secret, type VaultSigner } from '@etcd-rotate/protocol';
import { z } from 'zod';
import type { CfsslOptions } from './cfssl.ts';
import { nameFor, type OutsideCa, outsideFailure } from './outside-ca.ts';
import { mayPass, postJson, said } from './post-json.ts';

export interface VaultOptions extends Omit<CfsslOptions, 'settings' | 'authKey'> {
  settings: VaultSigner;
  token: Secret;
}

/** What Vault answers at `sign/:role` (its HTTP API, PKI secrets engine, "Sign certificate"). */
const Reply = z.object({
  data: z.object({ certificate: z.string().optional() }).nullish(),
  errors: z.array(z.string()).nullish(),
});

/**
 * A CA behind Vault's PKI secrets engine. The role decides about usages and about a subject beyond its common name; how long
 * a leaf lives is asked for, within what the role allows.
 */
export function vaultCa({ name, chain, settings, token, tlsCa }: VaultOptions): OutsideCa {
  const { url: base, mount, role, namespace } = settings;
  const { host } = new URL(base);
  const at = { name, host };
  return {
    ...at,
    ...chain,
    advice: adviceFor(role),
    async issue({ csr, commonName, names, usages, notAfter, now }) {
      const chosen = nameFor(role, usages, 'role');
      if (!chosen.ok) return chosen;
      const url = new URL(`${base.replace(/\/+$/, '')}/v1/${mount}/sign/${encodeURIComponent(chosen.value)}`);
      const body = JSON.stringify({
        csr: csr.pem,
        ...(commonName !== undefined && { common_name: commonName }),
        alt_names: names.dns.join(','),
        ip_sans: names.ip.join(','),
        ttl: `${Math.floor((notAfter.getTime() - now.getTime()) / 1000)}s`,
        format: 'pem',
        exclude_cn_from_sans: true,
      });
      const headers = {
        'x-vault-token': token.reveal(),
        'x-vault-request': 'true',
        ...(namespace !== undefined && { 'x-vault-namespace': namespace }),
      };
      const posted = await postJson({ url, body, headers, ca: tlsCa });
      if (!posted.ok) {
        const { message, hint, retryable } = posted.failure;
        return outsideFailure(at, message, hint, retryable);
      }
      const { status, json } = posted.value;
      const reply = Reply.safeParse(json);
      const certificate = reply.data?.data?.certificate;
      if (status === 200 && certificate !== undefined) return ok(certificate);
      return outsideFailure(
        at,
        `it refuses (HTTP ${status}): ${said(reply.data?.errors ?? [])}`,
        'see that the token is valid and its policy has "update" on the sign path of the role, and that the role allows these names, kind of key and ttl',
        mayPass(status),
      );
    },
  };
}

function adviceFor(by: VaultSigner['role']): OutsideCa['advice'] {
  const role = `role ${typeof by === 'string' ? by : Object.values(by).join(', ')} in Vault`;
  return {
    issuer: "give `certificate` the mount's default issuer, or the one that the role names (issuer_ref)",
    subject: `set use_csr_common_name=true of ${role}, and its organization, ou, locality and so on to those of the present leaves: Vault takes them from the role alone`,
    names: `set use_csr_sans=true of ${role}, and leave its allowed_uri_sans and allowed_other_sans empty`,
    usages: `set server_flag and client_flag of ${role} to what is asked for, key_usage to DigitalSignature and KeyEncipherment, and leave ext_key_usage, code_signing_flag and email_protection_flag alone`,
    ca: `set key_usage of ${role} to DigitalSignature and KeyEncipherment`,
    life: `set max_ttl of ${role} to profile.leaf.validity of the fleet file or more, and its not_before_duration to 30s`,
    'canary-life': `set max_ttl of ${role} to ten minutes or more, and leave its ttl and not_after alone`,
    other: `look at ${role}`,
  };
}
