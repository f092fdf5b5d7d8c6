import { createLogUpdate } from 'log-update';
import colors from 'picocolors';

/** So often what only the clock changes is drawn again. */
const everyMs = 500;

export interface Screen extends Disposable {
  draw(): void;
}

/**
 * A block of lines at the end of the terminal that is drawn again and again; the last one stays when it is closed. `q` and
 * Ctrl-C close it.
 */
export function openScreen(lines: (width: number) => string[], close: () => void): Screen {
  const { stdin, stdout } = process;
  const write = createLogUpdate(stdout);
  // A line in the last column makes some terminals begin another one.
  const width = (): number => Math.max(20, stdout.columns - 1);
  // In a low terminal the title stays, and what stands last: why it is held, and what happened.
  const fitting = (shown: readonly string[]): string => {
    const room = Math.max(2, stdout.rows - 2);
    const fits = shown.length <= room ? shown : [...shown.slice(0, 1), ...shown.slice(1 - room)];
    return fits.join('\n');
  };
  const hint = colors.dim('q closes this view; the rotation does not depend on it');
  const draw = (): void => write(fitting([...lines(width()), '', hint]));
  const onKey = (keys: string): void => {
    if (closes(keys)) close();
  };
  process.on('SIGINT', close);
  process.on('SIGTERM', close);
  stdout.on('resize', draw);
  if (stdin.isTTY) {
    stdin.setRawMode(true);
    stdin.setEncoding('utf8').on('data', onKey).resume();
  }
  const timer = setInterval(draw, everyMs);
  return {
    draw,
    [Symbol.dispose]() {
      clearInterval(timer);
      process.removeListener('SIGINT', close);
      process.removeListener('SIGTERM', close);
      stdout.removeListener('resize', draw);
      if (stdin.isTTY) {
        stdin.removeListener('data', onKey).pause();
        stdin.setRawMode(false);
      }
      write(fitting(lines(width())));
      write.done();
    },
  };
}

/** Keys that are pressed in quick succession come in one piece. */
export function closes(keys: string): boolean {
  return [...keys].some((key) => key === 'q' || key === 'Q' || key === ctrlC || key === ctrlD);
}

const ctrlC = '\u0003';
const ctrlD = '\u0004';
