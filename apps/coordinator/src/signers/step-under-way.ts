import type { Rotation } from '@etcd-rotate/core';
import type { IsUnderWay } from '@etcd-rotate/signer';

/**
 * Whether a canary is wanted: the step is one of a rotation that runs, wants canaries of these ports of this holder, its node
 * has asked for certificates, and neither were they signed nor was the change answered. As the journal says, so that whoever
 * else asks the signer gets nothing.
 */
export function stepUnderWay(rotations: { get(id: string): Rotation | undefined }): IsUnderWay {
  return ({ rotation: id, step: stepId, holder, domain }) => {
    const rotation = rotations.get(id);
    if (rotation?.state.status !== 'running' && rotation?.state.status !== 'holding') return false;
    const step = rotation.plan.steps.find((one) => one.id === stepId);
    const progress = rotation.progress[stepId];
    if (step?.holder !== holder || step.action.type !== 'change' || !progress) return false;
    const hasAsked = progress.results.some(({ outcome }) => outcome.ok && outcome.value.type === 'requested');
    const isTold = progress.sent.some(({ body }) => body.type === 'change');
    return step.action.canaries.includes(domain) && hasAsked && !isTold && progress.signed === undefined;
  };
}
