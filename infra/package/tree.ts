import { chmodSync, copyFileSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A file to be: a copy of another, or a text. */
export type Part = { mode?: 0o644 | 0o755 } & ({ copy: string } | { text: string });

/** Paths below a folder, and what is there. */
export type Tree = Readonly<Record<string, Part>>;

/** Makes the files; the same ones with the same modes and times, whoever makes them and when. */
export function makeTree(folder: string, tree: Tree, seconds: number): void {
  for (const [path, part] of Object.entries(tree)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    if ('copy' in part) copyFileSync(part.copy, file);
    else writeFileSync(file, part.text);
    chmodSync(file, part.mode ?? 0o644);
  }
  settle(folder, seconds);
}

function settle(folder: string, seconds: number): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) settle(path, seconds);
    else utimesSync(path, seconds, seconds);
  }
  chmodSync(folder, 0o755);
  utimesSync(folder, seconds, seconds);
}
