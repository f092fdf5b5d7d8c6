// npm run demo: the main job of etcd-rotate, on this machine and for real. See story.ts.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { endLab } from '@etcd-rotate/lab';
import { type Flags, parseFlags, usage } from './flags.ts';
import { interrupted } from './on-interrupt.ts';
import { tellStory } from './story.ts';

const flags = parseFlags(process.argv.slice(2));
if (flags === 'help') {
  console.log(usage);
} else if ('wrong' in flags) {
  console.error(`${flags.wrong}\n\n${usage}`);
  process.exitCode = 2;
} else {
  process.exit(await run(flags));
}

async function run(flags: Flags): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'etcd-rotate-lab-'));
  const out = flags.json ? process.stderr : process.stdout;
  const interruption = new AbortController();
  const { signal } = interruption;
  const story = tellStory({ flags, folder, signal, write: (text) => out.write(text) });
  const ended = await Promise.race([
    story.catch((error: unknown) => ({ error })),
    interrupted().then((code) => ({ code })),
  ]);
  if ('report' in ended) {
    if (!flags.keep) await endLab(folder);
    if (flags.json) console.log(JSON.stringify(ended.report));
    return ended.good ? 0 : 1;
  }
  if ('code' in ended) {
    out.write('\ninterrupted: ending everything\n');
    interruption.abort();
  }
  await endLab(folder);
  // What the story was in the middle of may have made a file since.
  await Promise.race([story.catch(() => undefined), pause(5_000)]);
  await endLab(folder);
  if ('code' in ended) return ended.code;
  const message = ended.error instanceof Error ? ended.error.message : String(ended.error);
  out.write(`\nthe demo could not be finished: ${message}\n`);
  if (flags.json) console.log(JSON.stringify({ outcome: 'failed', error: message }));
  return 1;
}
