import type { Failure } from '@etcd-rotate/protocol';

/**
 * Says why a program does not go on, for the person on call: what, code, and what to do. Its exit code is 2 where the
 * command line is wrong, else 1.
 */
export function stopWith(program: string, { code, message, hint }: Failure): void {
  process.stderr.write(`${program}: ${message} (${code})\n  ${hint}\n`);
  process.exitCode = code === 'bad-usage' ? 2 : 1;
}
