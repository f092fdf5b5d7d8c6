import { seesPresented } from '@etcd-rotate/etcd';
import type { Fingerprint, Proof } from '@etcd-rotate/protocol';
import { memberOn } from './node.ts';
import { parsedPem } from './parsed-pem.ts';
import { portOf } from './ports.ts';
import type { Work } from './work.ts';

/**
 * Leaves that no restart takes up are shown by the ports of the same process at once: one that shows something else, or
 * breaks off, does so to everybody.
 */
export async function proveSwapped({ body, node, command, holder }: Work): Promise<Proof[]> {
  const { cluster, rotation, direction } = command;
  const here = memberOn(node, cluster);
  if (holder.kind !== 'member' || body.taken !== 'by-itself' || !here) return [];
  const each = (['client', 'peer'] as const).map(async (domain): Promise<Proof[]> => {
    const contents = body.slots[leafSlots[domain]];
    const fingerprint = contents && 'chain' in contents ? leafIn(contents.chain) : undefined;
    if (fingerprint === undefined) return [];
    const port = await portOf({ ...here, node, rotation, direction }, domain);
    if (!port.ok) {
      const where = `${domain} port of ${holder.holder}`;
      return [{ what: 'presents', where, verdict: 'not-provable', detail: port.failure.message }];
    }
    const { at, now } = port.value;
    const to = { ...at, ca: at.serverBundle, ...now };
    return seesPresented({ ...to, fingerprint, deadlineMs: shownWithinMs });
  });
  return (await Promise.all(each)).flat();
}

const leafSlots = { client: 'server-leaf', peer: 'peer-leaf' } as const;

/** etcd reads the pair at every handshake (facts: etcd, section 1): one that does not show it will not later either. */
export const shownWithinMs = 3000;

function leafIn(chain: string): Fingerprint | undefined {
  const read = parsedPem(chain);
  return read.ok ? read.value[0]?.facts.fingerprint : undefined;
}
