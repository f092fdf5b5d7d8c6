import type { Rotation } from '@etcd-rotate/core';
import type { Stage, Step } from '@etcd-rotate/protocol';
import colors from 'picocolors';
import { isDone } from '../step-state.ts';

const barWidth = 20;

/** A line a stage: how much of it is done. */
export function stageLines(rotation: Rotation): string[] {
  const { steps } = rotation.plan;
  const stages = [...new Set(steps.map(({ stage }) => stage))];
  return stages.map((stage) =>
    line(
      stage,
      steps.filter((step) => step.stage === stage),
      rotation,
    ),
  );
}

function line(stage: Stage, steps: readonly Step[], rotation: Rotation): string {
  const done = steps.filter((step) => isDone(step, rotation)).length;
  const filled = Math.floor((done / steps.length) * barWidth);
  const bar = `${colors.green('█'.repeat(filled))}${colors.dim('░'.repeat(barWidth - filled))}`;
  return `${stage.padEnd(8)} ${bar}  ${done} of ${steps.length} steps`;
}
