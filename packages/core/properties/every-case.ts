import fc from 'fast-check';
import { type Case, cases } from './case.ts';

/** The same cases every time: `SEED=...` for others, `RUNS=...` for more of them. */
export const seed = Number(process.env.SEED ?? 20_261_124);
export const runs = Number(process.env.RUNS ?? 10_000);

export interface Looked {
  generated: number;
  /** How often something was counted, by what it is. */
  counts: Map<string, number>;
  /** What is wrong by the rule that says so, with how often. */
  broken: Map<string, { first: string; times: number }>;
}

/**
 * Generates every case once and looks at it by all rules.
 *
 * @param look names of broken rules with what is wrong; counts what it wants counted
 * @param part which of them, as shares of the whole
 */
export function lookAtEveryCase(
  look: (one: Case, count: (what: string, by?: number) => void) => Iterable<readonly [string, string]>,
  [from, to]: readonly [from: number, to: number],
): Looked {
  const looked: Looked = { generated: 0, counts: new Map(), broken: new Map() };
  const count = (what: string, by = 1) => looked.counts.set(what, (looked.counts.get(what) ?? 0) + by);
  for (const one of fc.sample(cases, { seed, numRuns: runs * to }).slice(runs * from)) {
    looked.generated += 1;
    for (const [rule, wrong] of look(one, count)) {
      const there = looked.broken.get(rule) ?? { first: `${wrong}\n${JSON.stringify(one)}`, times: 0 };
      looked.broken.set(rule, { ...there, times: there.times + 1 });
    }
  }
  return looked;
}

/** Fails with the smallest case that breaks a rule. */
export function holdsEverywhere(
  looked: Looked,
  rule: string,
  wrongIn: (one: Case) => string | undefined,
): void {
  const broken = looked.broken.get(rule);
  if (!broken) return;
  const holds = (one: Case) => {
    const wrong = wrongIn(one);
    if (wrong !== undefined) throw new Error(wrong);
  };
  fc.assert(fc.property(cases, holds), { seed, numRuns: runs, interruptAfterTimeLimit: 60_000 });
  throw new Error(`${broken.times} cases, the first of which: ${broken.first}`);
}

export function report({ generated, counts }: Looked, title: string): void {
  const said = [...counts].sort().map(([what, number]) => `${what} ${number}`);
  console.log(`${title}: ${generated} cases of seed ${seed}; ${said.join(', ')}`);
}
