import { readFileSync, writeFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';

/** Changes a YAML file as somebody with an editor would. */
export function reviseYaml<T>(file: string, change: (contents: T) => void): void {
  const contents = parse(readFileSync(file, 'utf8')) as T;
  change(contents);
  writeFileSync(file, stringify(contents, { aliasDuplicateObjects: false, lineWidth: 0 }));
}
