import { parseArgs } from 'node:util';

export interface Flags {
  members: 1 | 3 | 5;
  etcd: '3.4' | '3.5';
  strategy: 'staged' | 'renew';
  restarts: 'every-stage' | 'when-needed';
  json: boolean;
  keep: boolean;
}

export const usage = `usage: npm run demo -- [options]

Starts an etcd cluster, a coordinator and its agents on this machine, rotates all certificates under load, and reports.

  --members 1|3|5         etcd members (3)
  --etcd 3.4|3.5          version of etcd (3.5)
  --strategy staged|renew to other CAs, or leaves alone by the same CAs (staged)
  --restarts every-stage|when-needed
                          when members restart in a staged rotation (every-stage)
  --json                  the last line of the output is one JSON object, everything else goes to stderr
  --keep                  leave it all running and say how to look around
  --help                  this text`;

const choices = {
  members: { 1: 1, 3: 3, 5: 5 },
  etcd: { '3.4': '3.4', '3.5': '3.5' },
  strategy: { staged: 'staged', renew: 'renew' },
  restarts: { 'every-stage': 'every-stage', 'when-needed': 'when-needed' },
} as const;

/** What was asked for, `help`, or what is wrong with it. */
export function parseFlags(args: string[]): Flags | 'help' | { wrong: string } {
  try {
    const { values } = parseArgs({
      args,
      options: {
        members: { type: 'string', default: '3' },
        etcd: { type: 'string', default: '3.5' },
        strategy: { type: 'string', default: 'staged' },
        restarts: { type: 'string', default: 'every-stage' },
        json: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return 'help';
    return {
      members: choose('members', values.members),
      etcd: choose('etcd', values.etcd),
      strategy: choose('strategy', values.strategy),
      restarts: choose('restarts', values.restarts),
      json: values.json,
      keep: values.keep,
    };
  } catch (error) {
    return { wrong: error instanceof Error ? error.message : String(error) };
  }
}

type Choices = typeof choices;

function choose<K extends keyof Choices>(flag: K, word: string): Choices[K][keyof Choices[K]] {
  const allowed: Choices[K] = choices[flag];
  if (!isChoice(allowed, word)) {
    throw new Error(`--${flag} is one of ${Object.keys(allowed).join(', ')}, not '${word}'`);
  }
  return allowed[word];
}

function isChoice<T extends object>(allowed: T, word: PropertyKey): word is keyof T {
  return Object.hasOwn(allowed, word);
}
