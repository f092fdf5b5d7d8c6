// For vitest: a test that ran into its time limit has not closed its lab. What that had to say is printed, and it is ended:
// the next test must not find its processes.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { endLab, folderPrefix } from './leftovers.ts';
import { servicesIn } from './services.ts';

const lines = { ofJournal: 12, ofLog: 25 };

afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return;
  for (const folder of labsOf(process.pid)) {
    console.error(`\n# what the lab of "${task.name}" had to say: ${folder}`);
    for (const text of saidBy(folder)) console.error(text);
    await endLab(folder);
  }
});

function labsOf(owner: number): string[] {
  return readdirSync(tmpdir())
    .filter((name) => name.startsWith(folderPrefix))
    .map((name) => join(tmpdir(), name))
    .filter((folder) => read(join(folder, 'owner')).trim() === String(owner));
}

function saidBy(folder: string): string[] {
  const journals = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('journal.jsonl'))
    .map((path) => `## ${path}\n${tail(read(join(folder, path)), lines.ofJournal)}`);
  const services = servicesIn(join(folder, 'services')).map((service) => {
    const running = service.pid() === undefined ? 'does not run' : `runs as ${service.pid()}`;
    return `## ${service.name} ${running}\n${tail(service.log(), lines.ofLog)}`;
  });
  return [...journals, ...services];
}

function tail(text: string, count: number): string {
  return text
    .trimEnd()
    .split('\n')
    .slice(-count)
    .map((line) => line.slice(0, 600))
    .join('\n');
}

function read(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
