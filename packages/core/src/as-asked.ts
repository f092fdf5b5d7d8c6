import type { CommandResult, Failure } from '@etcd-rotate/protocol';
import { fail } from '@etcd-rotate/protocol';
import type { Progress } from './rotation.ts';

type Asking = Pick<Progress, 'sent' | 'results'>;

/**
 * Why what a node wants signed is not what it was asked for. It answers with a request for each leaf and each canary that its
 * command names, once: a canary that nobody wants is a client of etcd, and of two keys for one leaf the second is nobody's.
 */
export function notAsAsked({ sent, results }: Asking): Failure | undefined {
  for (const { id, outcome, node } of results) {
    const asked = sent.find((command) => command.id === id)?.body;
    if (!outcome.ok || outcome.value.type !== 'requested' || asked?.type !== 'request') continue;
    const wanted = namesOf(asked.leaves, asked.canaries);
    const got = namesOf(
      outcome.value.leaves,
      outcome.value.canaries.map(({ domain }) => domain),
    );
    if (wanted === got) continue;
    return fail(
      'may-not-sign',
      `node ${node} was asked for requests for ${wanted || 'nothing'}, and sent requests for ${got || 'nothing'}`,
      'nothing was signed; an agent does not do that: find out what answers on that node before `rotate resume`',
    ).failure;
  }
  return undefined;
}

type Requested = Extract<Extract<CommandResult['outcome'], { ok: true }>['value'], { type: 'requested' }>;

function namesOf(
  leaves: readonly Pick<Requested['leaves'][number], 'slot'>[],
  canaries: readonly Requested['canaries'][number]['domain'][],
): string {
  return [...leaves.map(({ slot }) => slot), ...canaries.map((domain) => `a ${domain} canary`)]
    .sort()
    .join(', ');
}
