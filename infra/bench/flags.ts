import { parseArgs } from 'node:util';
import type { EtcdVersion } from '@etcd-rotate/lab';
import { type ContenderName, contenders } from './contenders.ts';

export const parts = ['runbook', 'planning'] as const;
export type Part = (typeof parts)[number];

export interface Flags {
  parts: readonly Part[];
  runs: number;
  etcd: readonly EtcdVersion[];
  members: 1 | 3 | 5;
  only: readonly ContenderName[];
  minutes: number;
  json: boolean;
}

const etcdVersions = { '3.4': ['3.4'], '3.5': ['3.5'], all: ['3.4', '3.5'] } as const;
const contenderNames = Object.keys(contenders) as ContenderName[];

export const usage = `usage: npm run bench -- [part...] [options]

Measures, and judges nothing: look at the spread before you believe a ratio. A quiet machine helps.

Parts, all of them unless said:
  runbook    rotations of both CAs under load, each in a fresh lab, taking turns: a shell runbook with cfssl and
             etcdctl (infra/bench/runbook.sh), and etcd-rotate in several ways
  planning   planning and proving a rotation of 7 members and 20 clients, with real certificates

Options:
  --runs N            rotations of each kind (2)
  --etcd 3.4|3.5|all  version of etcd (3.5)
  --members 1|3|5     etcd members (3)
  --only A,B          some of ${contenderNames.join(', ')}
  --minutes N         ends after this long, with what was measured until then (30)
  --json              the last line of the output is one JSON object, everything else goes to stderr
  --help              this text`;

/** What was asked for, `help`, or what is wrong with it. */
export function parseFlags(args: string[]): Flags | 'help' | { wrong: string } {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        runs: { type: 'string', default: '2' },
        etcd: { type: 'string', default: '3.5' },
        members: { type: 'string', default: '3' },
        only: { type: 'string', default: contenderNames.join(',') },
        minutes: { type: 'string', default: '30' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return 'help';
    return {
      parts: positionals.length > 0 ? positionals.map((word) => oneOf('a part', word, parts)) : parts,
      runs: wholeNumber('--runs', values.runs, 100),
      etcd: etcdVersions[oneOf('--etcd', values.etcd, ['3.4', '3.5', 'all'])],
      members: oneOf('--members', Number(values.members), [1, 3, 5]),
      only: values.only.split(',').map((word) => oneOf('--only', word, contenderNames)),
      minutes: wholeNumber('--minutes', values.minutes, 600),
      json: values.json,
    };
  } catch (error) {
    return { wrong: error instanceof Error ? error.message : String(error) };
  }
}

function oneOf<T extends string | number>(what: string, said: string | number, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === said);
  if (found === undefined) throw new Error(`${what} is one of ${allowed.join(', ')}, not '${said}'`);
  return found;
}

function wholeNumber(flag: string, word: string, most: number): number {
  const number = Number(word);
  if (/^\d+$/.test(word) && number >= 1 && number <= most) return number;
  throw new Error(`${flag} is a number from 1 to ${most}, not '${word}'`);
}
