import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface TestProcess extends AsyncDisposable {
  pid: number;
}

/** A process that does nothing and is gone after the test. Where we may, it is of another user than root. */
export async function aProcess({
  program = 'sleep',
  uid,
  cwd = '/',
}: {
  program?: string;
  uid?: number;
  cwd?: string;
} = {}): Promise<TestProcess> {
  const as = uid === undefined ? {} : { uid, gid: uid };
  const child: ChildProcess = spawn(program, ['60'], { stdio: 'ignore', cwd, ...as });
  await once(child, 'spawn');
  return {
    pid: child.pid ?? 0,
    [Symbol.asyncDispose]: async () => {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

/** Who runs the tests as root can be somebody else as well; others can only be themselves. */
export const [somebodyElse, isRoot] = process.getuid?.() === 0 ? [65_534, true] : [undefined, false];
