import type { Failure } from '@etcd-rotate/protocol';
import colors from 'picocolors';

/** Where a command says what it has to say: lines for a person, or one JSON object a line for a program. */
export interface Terminal {
  json: boolean;
  /** For a person; nothing in JSON mode. */
  say(line?: string): void;
  /** For a program; nothing otherwise. */
  tell(value: object): void;
  /** Failures go to stderr for a person, and are values for a program. */
  fail(failures: readonly Failure[]): void;
}

export function terminal(json: boolean): Terminal {
  return {
    json,
    say: (line = '') => {
      if (!json) process.stdout.write(`${line}\n`);
    },
    tell: (value) => {
      if (json) process.stdout.write(`${JSON.stringify(value)}\n`);
    },
    fail: (failures) => {
      if (json) process.stdout.write(`${JSON.stringify({ ok: false, failures })}\n`);
      else for (const failure of failures) process.stderr.write(failureLines(failure));
    },
  };
}

function failureLines({ code, message, hint, causes = [] }: Failure): string {
  const more = causes.slice(1, 6).map((cause) => `    ${cause}\n`);
  return `${colors.red('✗')} ${message} ${colors.dim(`(${code})`)}\n${more.join('')}  ${hint}\n`;
}

/** Lines whose cells stand below each other; the last cell takes what it needs. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const width = (i: number): number =>
    Math.max(...rows.map((row) => (i < row.length - 1 ? (row[i]?.length ?? 0) : 0)));
  return rows.map((row) =>
    row.map((cell, i) => (i < row.length - 1 ? cell.padEnd(width(i)) : cell)).join('  '),
  );
}
