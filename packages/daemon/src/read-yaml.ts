import { fail, ok, parse, type Result } from '@etcd-rotate/protocol';
import { parseDocument } from 'yaml';
import { readRegular } from './read-regular.ts';

/** Reads a YAML file against a schema; the failure says file, line or field, and what was expected. */
export async function readYaml<T>(schema: Parameters<typeof parse<T>>[0], path: string): Promise<Result<T>> {
  let text: string;
  try {
    text = (await readRegular(path)).text;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail(
      'bad-file',
      `${path} cannot be read: ${reason}`,
      'the README shows a complete example of each file',
    );
  }
  const value = fromYaml(text);
  if (!value.ok) return fail('bad-file', `${path}: ${value.failure.message}`, value.failure.hint);
  return parse(schema, value.value, path);
}

/** A warning is a tag that nobody here knows: what it makes of its value nobody has said. */
function fromYaml(text: string): Result<unknown> {
  try {
    const document = parseDocument(text, { prettyErrors: true });
    const [wrong] = [...document.errors, ...document.warnings];
    if (wrong) return fail('bad-file', wrong.message, 'correct the YAML');
    return ok(document.toJS({ maxAliasCount: 20 }));
  } catch (error) {
    // Aliases that unfold without end, and lists in lists in lists.
    const reason = error instanceof Error ? error.message : String(error);
    return fail('bad-file', `it is no YAML that can be unfolded: ${reason}`, 'write it without aliases');
  }
}
