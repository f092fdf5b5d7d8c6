import type { Case } from './case.ts';

export interface Ended {
  one: Case;
  got: string;
  control: string;
  /** What the attack changed and may not have. */
  changed: string[];
  /** Milliseconds that the attack took. */
  took: number;
}

const widths = { class: 15, name: 74, by: 30, expected: 16, got: 16, control: 8, changed: 9 };

export function heading(): string {
  return row(['class', 'case', 'sent by', 'expected', 'got', 'control', 'unchanged']);
}

export function lineOf({ one, got, control, changed }: Ended): string {
  const verdict = isRight({ one, got, control, changed }) ? '' : 'FAILED';
  const cells = [one.class, one.name, one.by, one.expected, got, control === 'obeyed' ? 'obeyed' : 'NO'];
  return `${row([...cells, changed.length === 0 ? 'yes' : 'NO'])} ${verdict}`.trimEnd();
}

export function isRight({ one, got, control, changed }: Omit<Ended, 'took'>): boolean {
  return got === one.expected && control === 'obeyed' && changed.length === 0;
}

/** How many cases each class has; and of all of them, whether there are enough. */
export function coverage(ended: readonly Ended[], isWhole: boolean): { text: string; isWrong: boolean }[] {
  const counts = new Map<string, number>();
  for (const { one } of ended) counts.set(one.class, (counts.get(one.class) ?? 0) + 1);
  const classes = [...counts].map(([name, count]) => {
    const isWrong = isWhole && count < 5;
    return { text: `${String(count).padStart(4)}  ${name}${isWrong ? ': fewer than five' : ''}`, isWrong };
  });
  const isWrong = isWhole && ended.length < 100;
  return [
    ...classes,
    { text: `${String(ended.length).padStart(4)}  in all${isWrong ? ': fewer than 100' : ''}`, isWrong },
  ];
}

function row(cells: string[]): string {
  const sizes = Object.values(widths);
  return cells
    .map((cell, i) => cell.padEnd(sizes[i] ?? 0))
    .join('  ')
    .trimEnd();
}
