import type { MemberStatus } from '@etcd-rotate/protocol';
import type { Etcd3 } from 'etcd3';

/**
 * Whether etcd auth is on, and then whether our user may do all that a rotation does. Asked with calls that etcd turns
 * down whoever asks, so that nothing is changed, proposed or computed: the reason tells. The second is made only where
 * auth is on; there etcd notes the first in its log, as an invalid authentication request.
 */
export async function askAuth(etcd: Etcd3): Promise<MemberStatus['auth']> {
  const asNobody = await refusalOf(etcd.auth.authenticate({ name: nobody, password: nobody }));
  if (/authentication is not enabled/.test(asNobody)) return 'off';
  if (!/authentication failed/.test(asNobody)) return 'unknown';
  // Of the users of etcd only root gets as far as to be told that there is no such revision (facts: etcd, section 5.1).
  const asUs = await refusalOf(hashAt(etcd, lastRevision));
  if (/future revision/.test(asUs)) return 'root';
  return /permission denied|user (name )?(is empty|not found)/.test(asUs) ? 'limited' : 'unknown';
}

const nobody = 'etcd-rotate-nobody';
const lastRevision = '9223372036854775807';

/** etcd3's own method of that name calls one that does not exist (facts: toolchain, section 7). */
function hashAt(etcd: Etcd3, revision: string): Promise<unknown> {
  const { pool } = etcd as unknown as { pool: Pool };
  return pool.exec('Maintenance', 'hashKv', { revision });
}

interface Pool {
  exec(service: 'Maintenance', method: string, request: object): Promise<unknown>;
}

async function refusalOf(asked: Promise<unknown>): Promise<string> {
  try {
    await asked;
    return 'it was not refused';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
