import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { legalVerbs, verbs, type Where } from './verbs.ts';

const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');

/** The cells of the table that begins with a column of that name. */
function tableOf(first: string): string[][] {
  const [, table = ''] = readme.split(new RegExp(`^(?=\\| ${first} )`, 'm'));
  const [lines = ''] = table.split('\n\n');
  const cells = (line: string): string[] =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  return lines
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map(cells);
}

function whereOf(row: string): Where {
  const [status = ''] = row.split(' ');
  return {
    status: status as Where['status'],
    direction: row.endsWith('on its way back') ? 'back' : 'forward',
    isAwaitingApproval: row.includes('until a second operator approves'),
  };
}

test('the README says of every status what may be done in it, and nothing else', () => {
  const [[, ...columns] = [], , ...rows] = tableOf('status');
  expect(columns).toEqual(verbs);
  const said = rows.map(([row = '', ...cells]) => [row, columns.filter((_, i) => cells[i] === '✓')]);
  expect(said).toEqual(rows.map(([row = '']) => [row, legalVerbs(whereOf(row))]));
  expect(rows).toHaveLength(8);
});

test.each(verbs)('the README says what rotate %s does', (verb) => {
  expect(tableOf('command').length).toBeGreaterThan(0);
  expect(readme).toMatch(new RegExp(`^\\| \`rotate ${verb} \\[ID\\]`, 'm'));
});
