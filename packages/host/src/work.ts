import type { Command, CommandBody } from '@etcd-rotate/protocol';
import type { Holder } from './holders.ts';
import type { Node } from './node.ts';

export type Change = Extract<CommandBody, { type: 'change' }>;

/** One change on one holder of this node. */
export interface Work {
  command: Command;
  body: Change;
  node: Node;
  holder: Holder;
}

/** Canaries are kept by the step that they were made for. */
export function stepKey({
  rotation,
  direction,
  step,
}: Pick<Command, 'rotation' | 'direction' | 'step'>): string {
  return `${rotation} ${direction} ${step}`;
}
