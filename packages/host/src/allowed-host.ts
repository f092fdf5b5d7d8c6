import { effectiveFlags } from './effective-flags.ts';
import type { MemberHolder } from './holders.ts';
import { processOf } from './process-of.ts';

/**
 * A name that a client must have to be let in by a member (`--client-cert-allowed-hostname`, the first of a list), so that a
 * canary is judged by its issuer and not by its name; nothing where any name does.
 */
export async function allowedHostOf(member: MemberHolder): Promise<string | undefined> {
  const process = await processOf(member);
  const flags = process && (await effectiveFlags(process.pid).catch(() => undefined));
  return flags?.['client-cert-allowed-hostname']?.split(',')[0] || undefined;
}
