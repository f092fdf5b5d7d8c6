import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { RefusalCause } from './result.ts';

test('docs/failures.md says of every cause of a refusal what it looks like, and of no other', () => {
  const text = readFileSync(new URL('../../../docs/failures.md', import.meta.url), 'utf8');
  const section = text.split('## not-reached\n')[1]?.split('\n## ')[0] ?? '';
  const rows = [...section.matchAll(/^\| ([a-z-]+) +\|/gm)].map(([, cause]) => cause);
  expect(rows.filter((cause) => cause !== 'cause' && !cause?.startsWith('--'))).toEqual(RefusalCause.options);
});
