import { test } from 'vitest';
import { goBackFrom, type StrategyName, strategies } from './roll-back/from-every-step.ts';

// With FROM=every-step (npm run test:roll-backs), for each strategy and on both versions, it takes minutes.
const isWhole = process.env.FROM === 'every-step';
const versions = isWhole ? (['3.4', '3.5'] as const) : (['3.5'] as const);
const names = isWhole ? (Object.keys(strategies) as StrategyName[]) : (['staged'] as const);

const which = (changes: number): number[] =>
  isWhole ? Array.from({ length: changes }, (_, i) => i) : [Math.floor(changes / 2)];

test.each(versions.flatMap((etcd) => names.map((name) => [name, etcd] as const)))(
  'a rotation (%s, %s) goes back from where it is held to what there was, byte for byte',
  (strategy, etcd) => goBackFrom({ strategy, etcd }, which),
  1_200_000,
);
