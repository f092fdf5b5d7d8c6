import { readFile } from 'node:fs/promises';
import { fail, parse, type Result } from '@etcd-rotate/protocol';
import { parseDocument } from 'yaml';

/** Reads a YAML file against a schema; the failure says file, line or field, and what was expected. */
export async function readYaml<T>(schema: Parameters<typeof parse<T>>[0], path: string): Promise<Result<T>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail(
      'bad-file',
      `${path} cannot be read: ${reason}`,
      'the README shows a complete example of each file',
    );
  }
  const document = parseDocument(text, { prettyErrors: true });
  const [error] = document.errors;
  if (error) return fail('bad-file', `${path}: ${error.message}`, 'correct the YAML');
  return parse(schema, document.toJS({ maxAliasCount: 20 }), path);
}
