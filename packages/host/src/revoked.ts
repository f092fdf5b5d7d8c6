import { readCrl } from '@etcd-rotate/pki';
import { type Domain, type Failure, fail, type RevokedSeen } from '@etcd-rotate/protocol';
import type { MemberHolder } from './holders.ts';
import { asProcessSees } from './process-path.ts';
import { readSmall } from './read-small.ts';

/** So many serials fit into a message beside everything else. */
const mostSerials = 5000;

export interface Revoked {
  revoked?: Partial<Record<Domain, RevokedSeen>>;
  problems: Failure[];
}

/** The CRLs that the ports of a running member read at every handshake, as its process sees them. */
export async function revokedBy(
  member: MemberHolder,
  pid: number,
  flags: Readonly<Record<string, string>>,
): Promise<Revoked> {
  const used = (['client', 'peer'] as const).flatMap((domain) => {
    const path = flags[`${domain}-crl-file`];
    return path ? [{ domain, path }] : [];
  });
  const read = await Promise.all(
    used.map(async ({ domain, path }) => ({ domain, path, crl: await readAsProcess(pid, path) })),
  );
  const revoked = Object.fromEntries(
    read.flatMap(({ domain, crl }) => (crl.ok ? [[domain, crl.value]] : [])),
  );
  const problems = read.flatMap(({ domain, path, crl }) => {
    if (crl.ok) return [];
    const message = `${member.holder}: --${domain}-crl-file=${path}: ${crl.failure.message}`;
    return [{ ...crl.failure, message }];
  });
  return { ...(used.length > 0 && { revoked }), problems };
}

async function readAsProcess(pid: number, path: string): Promise<ReturnType<typeof readCrl>> {
  try {
    const crl = readCrl((await readSmall(asProcessSees(pid, path))).bytes);
    if (!crl.ok || crl.value.serials.length <= mostSerials) return crl;
    const count = crl.value.serials.length;
    return unusable(`it has ${count} serials, more than the ${mostSerials} that are looked at`);
  } catch (error) {
    return unusable(error instanceof Error ? error.message : String(error));
  }
}

function unusable(why: string) {
  return fail('crl-unusable', `the CRL cannot be read: ${why}`, 'correct the file, or the flag of etcd');
}
