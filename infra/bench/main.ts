// npm run bench: what a rotation costs, beside what people do instead.

import { cpus } from 'node:os';
import { interrupted } from '../demo/on-interrupt.ts';
import { type Flags, parseFlags, usage } from './flags.ts';
import type { Run } from './measure.ts';
import { measurePlanning, type Planning } from './planning-part.ts';
import { planningText } from './planning-text.ts';
import { measureRunbook } from './runbook-part.ts';
import { summarize } from './summary.ts';
import { summaryText } from './summary-text.ts';

const flags = parseFlags(process.argv.slice(2));
if (flags === 'help') {
  console.log(usage);
} else if ('wrong' in flags) {
  console.error(`${flags.wrong}\n\n${usage}`);
  process.exitCode = 2;
} else {
  process.exit(await bench(flags));
}

/** Whatever ends it, what was measured until then is reported. */
async function bench(flags: Flags): Promise<number> {
  const say = flags.json ? console.error : console.log;
  const ending = new AbortController();
  const timer = setTimeout(() => {
    ending.abort(new Error(`${flags.minutes} minutes are over (--minutes)`));
  }, flags.minutes * 60_000);
  let code = 0;
  void interrupted().then((given) => {
    code = given;
    ending.abort(new Error('interrupted'));
  });

  const runs: Run[] = [];
  let planning: Planning | undefined;
  let why: string | undefined;
  try {
    if (flags.parts.includes('planning')) planning = await measurePlanning(ending.signal);
    if (flags.parts.includes('runbook')) {
      await measureRunbook(flags, ending.signal, {
        begin: say,
        end: (run) => {
          runs.push(run);
          const { outcome, measured } = run;
          say(
            `    ${outcome}${measured ? `: ${measured.seconds.toFixed(1)} s, ${measured.restarts} restarts` : ''}`,
          );
        },
      });
    }
  } catch (error) {
    why = error instanceof Error ? error.message : String(error);
  }
  clearTimeout(timer);

  const summaries = summarize(runs);
  const [{ model = 'unknown' } = {}] = cpus();
  const machine = { processors: cpus().length, model, node: process.version };
  if (planning) say(`\n${planningText(planning)}`);
  if (runs.length > 0) say(`\n${flags.members} members\n${summaryText(summaries)}`);
  if (why !== undefined) say(`\nended before everything was measured: ${why}`);
  if (flags.json) {
    console.log(JSON.stringify({ machine, members: flags.members, planning, summaries, runs, ended: why }));
  }
  const isWhole = why === undefined && summaries.every(({ failures }) => failures.length === 0);
  return code || (isWhole ? 0 : 1);
}
