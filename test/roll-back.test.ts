import { test } from 'vitest';
import { goBackFrom, type StrategyName, strategies } from './roll-back/from-every-step.ts';

// From every step: infra's full run, test/long.
test.each(Object.keys(strategies) as StrategyName[])(
  'a rotation (%s) goes back from its first, a middle and a late step',
  async (strategy) => {
    await goBackFrom({ strategy, etcd: '3.5' }, (changes) => [0, Math.floor(changes / 2), changes - 3]);
  },
  120_000,
);
