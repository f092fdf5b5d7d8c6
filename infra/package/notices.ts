import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface About {
  name: string;
  version: string;
  license: string;
}

/**
 * The licences of all that is bundled, each text once per package.
 *
 * @param files those that the bundles are made of
 */
export function notices(files: readonly string[]): string {
  const folders = new Set(files.flatMap((file) => packageFolder(file) ?? []));
  const packages = [...folders].map((folder) => ({ ...aboutOf(folder), text: licenceText(folder) }));
  const byName = new Map(packages.map((one) => [`${one.name} ${one.version}`, one]));
  const sorted = [...byName].sort(([a], [b]) => (a < b ? -1 : 1));
  const parts = sorted.map(
    ([title, { license, text }]) =>
      `${'='.repeat(78)}\n${title}, ${license}\n${'='.repeat(78)}\n\n${text ?? `The package names this licence and has no text of it.`}\n`,
  );
  return `The programs of etcd-rotate have these packages in them. Node's own licence is in LICENSE.node.\n\n${parts.join('\n')}`;
}

/** The folder of the npm package that a file belongs to; undefined for what is ours. */
export function packageFolder(file: string): string | undefined {
  // What a bundler makes up has a NUL in its name, and what it appends to a name begins with ?.
  return /^(?!\0)(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];
}

function aboutOf(folder: string): About {
  const read = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Written;
  const { name, version, license = read.licenses?.map(({ type }) => type).join(' or ') } = read;
  if (typeof license !== 'string') throw new Error(`${name} names no licence`);
  return { name, version, license };
}

/** `licenses` is how old packages say it. */
type Written = Omit<About, 'license'> & { license?: string; licenses?: { type: string }[] };

function licenceText(folder: string): string | undefined {
  const names = readdirSync(folder).filter((name) => /^(licen[cs]e|copying|notice)/i.test(name));
  const texts = names.sort().filter((name) => existsSync(join(folder, name)));
  if (texts.length === 0) return undefined;
  return texts.map((name) => readFileSync(join(folder, name), 'utf8').trim()).join('\n\n');
}
