import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { failureCodes } from './failure.ts';

test('docs/failures.md has a heading for every code, in order, and no other', () => {
  const text = readFileSync(new URL('../../../docs/failures.md', import.meta.url), 'utf8');
  const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
  expect(headings).toEqual(Object.keys(failureCodes));
});

test('docs/failures.md says of every code what it means and what to do', () => {
  const text = readFileSync(new URL('../../../docs/failures.md', import.meta.url), 'utf8');
  for (const [code, meaning] of Object.entries(failureCodes)) {
    const section = text.split(`## ${code}\n`)[1]?.split('\n## ')[0] ?? '';
    expect(section.toLowerCase()).toContain(meaning.toLowerCase());
    expect(section).toContain('What to do: ');
  }
});
