import { spawn } from 'node:child_process';
import { fail, ok, type Restart, type Result } from '@etcd-rotate/protocol';

type RunCommand = Extract<Restart, { command: unknown }>;

/** So much of what a command says is kept for the message. */
const mostOutput = 2000;

/** After SIGTERM, for a command that has to tidy up; and after its end, for what it said last. */
const [graceMs, lastWordsMs] = [500, 200];

/**
 * Runs a command of the agent file: no shell, no input, an environment of its own, and an end. A daemon that it leaves
 * behind with its output is listened to as long as we live: closing would end that daemon at its next line.
 */
export async function runCommand({ command, timeout }: RunCommand): Promise<Result<void>> {
  const [program = '', ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' },
    });
    let [output, ended, late] = ['', false, false];
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        if (!ended) output = (output + text).slice(-mostOutput);
      });
      stream.on('error', () => undefined);
    }
    const settle = (result: Result<void>): void => {
      for (const timer of timers) clearTimeout(timer);
      ended = true;
      // Neither shall it keep us from ending.
      for (const stream of [child.stdout, child.stderr]) if ('unref' in stream) Object(stream).unref();
      resolve(result);
    };
    const refuse = (why: string): void =>
      settle(
        fail(
          'restart-failed',
          `\`${command.join(' ')}\` ${why}${output ? `: ${output.trim()}` : ''}`,
          'run it by hand on the node; correct it in the agent file',
        ),
      );
    const stop = (): void => {
      late = true;
      child.kill('SIGTERM');
      timers.push(setTimeout(() => child.kill('SIGKILL'), graceMs));
    };
    const timers = [setTimeout(stop, timeout)];
    child.once('error', (error) => refuse(`cannot be run: ${error.message}`));
    // Not `close`: whoever was left behind may hold the output open for ever.
    child.once('exit', (code, signal) => {
      if (code === 0 && !late) return settle(ok(undefined));
      const limit = `after its time limit of ${timeout / 1000} s`;
      const how = signal ? `by ${signal}` : `with code ${code}`;
      const tell = (): void => refuse(`ended ${how}${late ? ` ${limit}` : ''}`);
      child.once('close', tell);
      timers.push(setTimeout(tell, lastWordsMs));
    });
  });
}
