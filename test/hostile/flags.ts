export interface Flags {
  seed: number;
  /** How many seconds parsers are fuzzed. */
  fuzz: number;
  /** Cases whose class and name have this in them; all unless said. */
  only: string[];
  /** Where the counts go, as a test reporter writes them. */
  report: string | undefined;
}

export const usage = `npm run test:hostile -- [--seed N] [--fuzz SECONDS] [--only WORDS]... [--report FILE]

  --seed N        of the fuzz run; drawn and printed unless said
  --fuzz SECONDS  how long every parser of outside bytes is fuzzed, 60 unless said; 0 leaves it out
  --only WORDS    the cases that have WORDS in "class: case", "fuzz" or "scan"; may be repeated
  --report FILE   writes the counts there as JSON`;

export function parseFlags(args: readonly string[]): Flags | { wrong: string } {
  const flags: Flags = { seed: Date.now() % 2 ** 31, fuzz: 60, only: [], report: undefined };
  const rest = [...args];
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    const value = rest.shift();
    if (value === undefined) return { wrong: `${name} is not an option, or wants a value` };
    if (name === '--seed') flags.seed = Number(value);
    else if (name === '--fuzz') flags.fuzz = Number(value);
    else if (name === '--only') flags.only.push(value);
    else if (name === '--report') flags.report = value;
    else return { wrong: `${name} is not an option` };
  }
  if (!Number.isInteger(flags.seed)) return { wrong: '--seed wants a whole number' };
  if (!(flags.fuzz >= 0)) return { wrong: '--fuzz wants a number of seconds' };
  return flags;
}
