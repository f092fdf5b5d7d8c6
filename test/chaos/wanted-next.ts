import { apply, type Circumstances, nextMove, type Rotation } from '@etcd-rotate/core';
import type { Entry } from '@etcd-rotate/protocol';
import { type Kind, sentKind } from './point.ts';

export interface Wanted {
  kind: Kind;
  step?: string;
}

/**
 * The entry that the coordinator writes next: the same journal always wants the same thing next, so this is known as soon
 * as the one before is on disk. Nothing for answers, which come when they come.
 */
export function wantedNext(entries: readonly Entry[]): Wanted | undefined {
  let rotation: Rotation | undefined;
  for (const entry of entries) rotation = apply(rotation, entry);
  if (!rotation) return undefined;
  const move = nextMove(rotation, { now: new Date().toISOString(), epoch: 1, ...nobodyIsAStranger });
  switch (move.type) {
    case 'send':
      return { kind: sentKind(move.command.body.type), step: move.command.step };
    case 'sign':
      return { kind: 'signed', step: move.step };
    case 'make-ca':
      return { kind: 'ca' };
    case 'hold':
      return { kind: 'held' };
    case 'finish':
      return { kind: 'finished' };
    case 'wait':
    case 'rest':
      return undefined;
  }
}

/** Certificates are the coordinator's to judge: here it is only asked what comes when they are good. */
const nobodyIsAStranger: Pick<Circumstances, 'verify' | 'covers'> = {
  verify: () => ({ accepted: true }),
  covers: () => true,
};
