import wrapAnsi from 'wrap-ansi';

/** A line that is no wider than the terminal: what has no room becomes one sign. Colours take no room. */
export function clipped(line: string, width: number): string {
  const [whole = '', ...more] = cut(line, width);
  if (more.length === 0) return whole;
  const [short = ''] = cut(line, Math.max(1, width - 1));
  return width > 1 ? `${short}…` : short;
}

/** The lines that a sentence takes, each with the same indent. */
export function wrapped(text: string, width: number, indent: string = ''): string[] {
  const room = Math.max(1, width - indent.length);
  return wrapAnsi(text, room, { hard: true })
    .split('\n')
    .map((line) => `${indent}${line}`);
}

function cut(line: string, width: number): string[] {
  return wrapAnsi(line, width, { hard: true, wordWrap: false, trim: false }).split('\n');
}
