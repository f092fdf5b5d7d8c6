import { execFile } from 'node:child_process';
import { fail, ok, type Result } from '@etcd-rotate/protocol';

interface How {
  timeoutMs: number;
  /** Where it is not given, the program has our own: where its engine is, a command line tool knows from there. */
  env?: Record<string, string>;
}

export interface Said {
  out: string;
  errors: string;
}

/** Runs a program that answers and ends: no shell, no input. */
export async function runProgram(
  program: string,
  args: readonly string[],
  { timeoutMs, env }: How,
): Promise<Result<Said>> {
  const line = `\`${[program, ...args].join(' ')}\``;
  const options = { timeout: timeoutMs, maxBuffer: 1024 * 1024, env: env ?? withoutOurs(process.env) };
  return new Promise((resolve) => {
    execFile(program, args, options, (error, out, errors) => {
      if (!error) return resolve(ok({ out, errors }));
      const how = ended(error, timeoutMs);
      const said = inOneLine(errors || out);
      const message = `${line} ${how}${said ? `: ${said}` : ''}`;
      const hint =
        error.code === 'ENOENT'
          ? `install ${program} on the node, or restart by another way in the agent file`
          : 'run it by hand on the node; correct `restart` in the agent file';
      resolve(fail('restart-failed', message, hint));
    });
  });
}

/** What systemd tells us is not for others to answer. */
function withoutOurs({
  NOTIFY_SOCKET: _socket,
  WATCHDOG_USEC: _every,
  WATCHDOG_PID: _whom,
  ...rest
}: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return rest;
}

function ended(
  { code, killed, signal }: { code?: string | number | null; killed?: boolean; signal?: string | null },
  timeoutMs: number,
): string {
  if (code === 'ENOENT') return 'cannot be run: there is no such program on this node';
  if (killed) return `did not end within ${timeoutMs / 1000} s`;
  if (typeof code === 'number') return `ended with code ${code}`;
  return signal ? `was ended by ${signal}` : `cannot be run: ${code}`;
}

const mostSaid = 400;

/** The end of what a program wrote, fit for a sentence: one line, no control characters. */
export function inOneLine(text: string): string {
  const lines = text.split('\n').map((line) => line.replace(/\p{Cc}+/gu, ' ').trim());
  return lines.filter(Boolean).join(' | ').slice(-mostSaid);
}
