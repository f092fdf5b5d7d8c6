import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endLab, folderPrefix } from './leftovers.ts';
import { servicesIn } from './services.ts';

const lines = { ofJournal: 12, ofLog: 25 };

/** Ends every lab that a process has started and not closed. Gives what each had to say: its journals and logs, the ends of them. */
export async function endLabsOf(owner: number): Promise<string[]> {
  const said: string[] = [];
  for (const folder of labsOf(owner)) {
    said.push(`# ${folder}`, ...saidBy(folder));
    await endLab(folder);
  }
  return said;
}

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
