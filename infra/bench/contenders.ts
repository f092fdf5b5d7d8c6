// What is measured against what. Each replaces both CAs of the lab's cluster and all leaves, from its first command to
// its last.

import type { Lab } from '@etcd-rotate/lab';
import { followRunbook } from './follow-runbook.ts';
import { rotateByTool } from './rotate-by-tool.ts';

export interface Ended {
  /** `rotated`, or why not. */
  outcome: string;
}

export interface Contender {
  /** Whether the lab shall have a coordinator and agents. */
  control: boolean;
  rotate(lab: Lab, signal: AbortSignal): Promise<Ended>;
}

/** The first is what the others are compared with. */
export const contenders = {
  runbook: { control: false, rotate: followRunbook },
  staged: byTool('--strategy', 'staged', '--restarts', 'every-stage'),
  'when-needed': byTool('--strategy', 'staged', '--restarts', 'when-needed'),
} satisfies Record<string, Contender>;

export type ContenderName = keyof typeof contenders;

export const yardstick: ContenderName = 'runbook';

function byTool(...how: string[]): Contender {
  return { control: true, rotate: (lab, signal) => rotateByTool(lab, how, signal) };
}
