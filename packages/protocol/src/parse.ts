import type { z } from 'zod';
import { fail, ok, type Result } from './failure.ts';

/**
 * Checks a value that came from outside against a schema.
 *
 * @param where what the value is, for the message: a file's path or a kind of message
 * @returns the parsed value, or `bad-file` / `bad-message` with path and expectation of every wrong field
 */
export function parse<T>(
  schema: z.ZodType<T>,
  value: unknown,
  where: string,
  code: 'bad-file' | 'bad-message' = 'bad-file',
): Result<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return ok(parsed.data);
  const issues = parsed.error.issues.slice(0, 8).map((issue) => describe(issue));
  const failure = fail(
    code,
    `${where}: ${issues.join('; ')}`,
    code === 'bad-file'
      ? 'correct the field; the README shows a complete example of each file'
      : 'the two sides may be of different versions',
  );
  return failure;
}

/** The deepest that can be said: of the alternatives of a union, those of the one that got furthest. */
function describe(issue: z.core.$ZodIssue, above: PropertyKey[] = []): string {
  const at = [...above, ...issue.path];
  if (issue.code === 'invalid_union') {
    const deepest = issue.errors
      .map((issues) => issues.map((one) => ({ one, depth: furthest(one) })))
      .sort((a, b) => Math.max(...b.map(({ depth }) => depth)) - Math.max(...a.map(({ depth }) => depth)))[0];
    const [first] = deepest ?? [];
    if (first) return describe(first.one, at);
  }
  const path = at.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return `${path.replace(/^\./, '') || 'the top level'}: ${issue.message}`;
}

function furthest(issue: z.core.$ZodIssue): number {
  const below = issue.code === 'invalid_union' ? issue.errors.flat().map(furthest) : [];
  return issue.path.length + Math.max(0, ...below);
}
