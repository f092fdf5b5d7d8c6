/** One rule, broken in the smallest way: a text of a file that becomes another one. */
export interface Mutation {
  /** The rule that is broken by it, in the present tense. */
  rule: string;
  /** From the root of the repository. */
  file: string;
  /** Occurs exactly once in the file. */
  from: string;
  to: string;
}

/** Mutations of one file, as a table that can be read: the rule, what it is, and what it becomes. */
export function mutationsOf(
  file: string,
  rows: readonly [rule: string, from: string, to: string][],
): Mutation[] {
  return rows.map(([rule, from, to]) => ({ rule, file, from, to }));
}

/** Why a mutation cannot be made, or nothing: a table that has fallen behind its code proves nothing. */
export function notApplicable({ from, to }: Mutation, source: string): string | undefined {
  const times = source.split(from).length - 1;
  if (times !== 1) return `its text is found ${times} times`;
  return from === to ? 'it changes nothing' : undefined;
}

export function mutated({ from, to }: Mutation, source: string): string {
  return source.replace(from, () => to);
}
