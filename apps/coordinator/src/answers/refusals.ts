import type { Rotation } from '@etcd-rotate/core';
import { type Failure, fail, type OperatorReply, type OperatorRequest } from '@etcd-rotate/protocol';

export type Outcome = OperatorReply['outcome'];
export type Body<T extends OperatorRequest['body']['type']> = Extract<OperatorRequest['body'], { type: T }>;

export const done: Outcome = { ok: true, value: { type: 'done' } };

export function refused(failure: Failure): Outcome {
  return { ok: false, failures: [failure] };
}

export function underWay({ id, cluster, state }: Rotation): Outcome {
  const how = state.status === 'held' ? `is held (${state.failure.code})` : 'is under way';
  return refused(
    fail(
      'rotation-under-way',
      `${cluster} has rotation ${id}, which ${how}`,
      'look at it with `rotate status`',
    ).failure,
  );
}

export function busy(cluster: string): Outcome {
  return refused(
    fail(
      'rotation-under-way',
      `${cluster}: another request that changes it is being answered, or its rotation has not come to rest yet`,
      'ask again',
      true,
    ).failure,
  );
}

export function unknownRotation(id: string): Outcome {
  return refused(
    fail('unknown-rotation', `the journal has no rotation ${id}`, 'see `rotate status`').failure,
  );
}

export function planChanged(name: string, difference: string): Outcome {
  return refused(
    fail(
      'plan-changed',
      `${name} is not what it was when the plan was shown: ${difference}`,
      'look at the new plan and agree to it',
    ).failure,
  );
}
