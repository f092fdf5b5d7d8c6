import { spawn } from 'node:child_process';
import { fail, ok, type Result } from '@etcd-rotate/protocol';
import type { RunCommand } from './holders.ts';

/** So much of what a command says is kept for the message. */
const mostOutput = 2000;

/** Runs a command of the agent file: no shell, no input, an environment of its own, and an end. */
export async function runCommand({ command, timeout }: RunCommand): Promise<Result<void>> {
  const [program = '', ...args] = command;
  const said = command.join(' ');
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' },
      timeout,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output = (output + chunk.toString()).slice(-mostOutput);
      });
    }
    const refuse = (why: string): void =>
      resolve(
        fail(
          'restart-failed',
          `\`${said}\` ${why}${output ? `: ${output.trim()}` : ''}`,
          'run it by hand on the node; correct it in the agent file',
        ),
      );
    child.once('error', (error) => refuse(`cannot be run: ${error.message}`));
    // Not `close`: a daemon that the command leaves behind may hold its output open for ever.
    child.once('exit', (code, signal) => {
      child.stdout.destroy();
      child.stderr.destroy();
      if (code === 0) resolve(ok(undefined));
      else refuse(signal ? `was ended by ${signal} (time limit ${timeout / 1000} s)` : `ended with code ${code}`);
    });
  });
}
