import { createHmac } from 'node:crypto';
import { type CfsslSigner, ok, type Result, type Secret } from '@etcd-rotate/protocol';
import { z } from 'zod';
import { nameFor, type OutsideCa, type OutsideOrder, outsideFailure } from './outside-ca.ts';
import { mayPass, postJson, said } from './post-json.ts';
import type { readOutsideChain } from './read-outside-chain.ts';

export interface CfsslOptions {
  name: string;
  chain: Extract<ReturnType<typeof readOutsideChain>, { ok: true }>['value'];
  settings: CfsslSigner;
  /** In hex, as cfssl has it under `auth_keys`. */
  authKey: Secret;
  /** PEM. */
  tlsCa?: string | undefined;
}

/** What cfssl answers (doc/api/endpoint_authsign.txt of cfssl 1.2). */
const Reply = z.object({
  success: z.boolean(),
  result: z.object({ certificate: z.string().optional() }).nullish(),
  errors: z.array(z.object({ message: z.string() })).nullish(),
});

/** A CA behind `cfssl serve`: asked at its authenticated endpoint, where an HMAC of the request shows that it is ours. */
export function cfsslCa({ name, chain, settings, authKey, tlsCa }: CfsslOptions): OutsideCa {
  const { url: base, profile, canaryProfile, label } = settings;
  const url = new URL(`${base.replace(/\/+$/, '')}/api/v1/cfssl/authsign`);
  const at = { name, host: url.host };
  return {
    ...at,
    ...chain,
    advice: adviceFor(profile, canaryProfile),
    async issue(order) {
      const chosen = profileFor(order, settings);
      if (!chosen.ok) return chosen;
      const asked = Buffer.from(
        JSON.stringify({ certificate_request: order.csr.pem, profile: chosen.value, label }),
      );
      const token = createHmac('sha256', Buffer.from(authKey.reveal(), 'hex')).update(asked).digest('base64');
      const body = JSON.stringify({ token, request: asked.toString('base64') });
      const posted = await postJson({ url, body, ca: tlsCa });
      if (!posted.ok) {
        const { message, hint, retryable } = posted.failure;
        return outsideFailure(at, message, hint, retryable);
      }
      const { status, json } = posted.value;
      const reply = Reply.safeParse(json);
      const certificate = reply.data?.result?.certificate;
      if (status === 200 && reply.data?.success && certificate !== undefined) return ok(certificate);
      const why = said(reply.data?.errors?.map(({ message }) => message) ?? []);
      return outsideFailure(
        at,
        `it refuses (HTTP ${status}): ${why}`,
        'compare authKey, profile and label of the signer in coordinator.yaml with auth_keys and profiles of cfssl',
        mayPass(status),
      );
    },
  };
}

function profileFor(
  { kind, usages }: OutsideOrder,
  { profile, canaryProfile }: CfsslSigner,
): Result<string | undefined> {
  if (kind === 'canary') return nameFor(canaryProfile, usages, 'canaryProfile');
  return profile === undefined ? ok(undefined) : nameFor(profile, usages, 'profile');
}

function adviceFor(
  profile: CfsslSigner['profile'],
  canary: CfsslSigner['canaryProfile'],
): OutsideCa['advice'] {
  const own = profile === undefined ? 'the default profile' : `profile ${saidNames(profile)}`;
  return {
    issuer: 'give `certificate` the CA that cfssl has (`-ca`), and the right `label` where it has several',
    subject: `take \`name_whitelist\` and \`CSRWhitelist\` out of ${own} in cfssl's configuration`,
    names: `take \`name_whitelist\` and \`CSRWhitelist\` out of ${own} in cfssl's configuration`,
    usages: `give ${own}, or ${saidNames(canary)} where it was a canary, the \`usages\` "signing", "key encipherment" and those of "server auth", "client auth" that are asked for; a profile that is not there is the default one to cfssl`,
    ca: `take \`ca_constraint\`, "cert sign" and "crl sign" out of ${own} in cfssl's configuration`,
    life: `set \`expiry\` of ${own} in cfssl's configuration to profile.leaf.validity of the fleet file, and leave \`backdate\` as it is`,
    'canary-life': `set \`expiry\` of profile ${saidNames(canary)} in cfssl's configuration to 12m: five minutes of that have passed when cfssl signs; a profile that is not there is the default one to cfssl`,
    other: `look at ${own} in cfssl's configuration`,
  };
}

function saidNames(by: CfsslSigner['canaryProfile']): string {
  return typeof by === 'string' ? by : Object.values(by).join(', ');
}
