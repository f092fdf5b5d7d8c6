export interface Flags {
  seed: number;
  /** Keys of runs, or what keys have in them. */
  only: string[];
  all: boolean;
  /** No run is begun after so long. */
  minutes: number | undefined;
  /** Keeps what every run leaves, not only those that fail. */
  keep: boolean;
  /** Where the counts go, as a test reporter writes them. */
  report: string | undefined;
}

export const usage = `npm run test:chaos -- [--seed N] [--only KEY]... [--all] [--minutes N | --sample] [--keep] [--report FILE]

  --seed N       what is drawn; 1 unless said
  --only KEY     this run alone, or those that have KEY in their key; may be repeated
  --all          every fault at every kind of entry, before and after it, on both versions; hours
  --minutes N    begins no run after N minutes
  --sample       --minutes 2.5: what every change can wait for
  --keep         keeps journal, logs and states of every run, not only of those that fail
  --report FILE  writes the counts there as JSON`;

export function parseFlags(args: readonly string[]): Flags | { wrong: string } {
  const flags: Flags = { seed: 1, only: [], all: false, minutes: undefined, keep: false, report: undefined };
  const rest = [...args];
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    if (name === '--all') flags.all = true;
    else if (name === '--keep') flags.keep = true;
    else if (name === '--sample') flags.minutes = 2.5;
    else {
      const value = rest.shift();
      if (value === undefined) return { wrong: `${name} is not an option, or wants a value` };
      if (name === '--seed') flags.seed = Number(value);
      else if (name === '--minutes') flags.minutes = Number(value);
      else if (name === '--only') flags.only.push(value);
      else if (name === '--report') flags.report = value;
      else return { wrong: `${name} is not an option` };
    }
  }
  if (!Number.isInteger(flags.seed)) return { wrong: '--seed wants a whole number' };
  if (flags.minutes !== undefined && !(flags.minutes > 0))
    return { wrong: '--minutes wants a number above 0' };
  return flags;
}
