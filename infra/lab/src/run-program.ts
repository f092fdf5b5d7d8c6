import { spawn } from 'node:child_process';

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  /** Ends the program with SIGTERM. */
  signal?: AbortSignal;
  environment?: NodeJS.ProcessEnv;
  /** Where its output goes besides the result; by default nowhere. */
  onStdout?: (text: string) => void;
  onStderr?: (text: string) => void;
}

/** Runs a program to its end; what it answers with is never an exception. */
export function runProgram([program = '', ...args]: string[], options: RunOptions = {}): Promise<Ran> {
  const { signal, environment, onStdout, onStderr } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(signal && { signal }),
      ...(environment && { env: environment }),
    });
    const said = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.stdout += text;
      onStdout?.(text);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said.stderr += text;
      onStderr?.(text);
    });
    child.once('error', (error) => {
      if (error.name !== 'AbortError') reject(error);
    });
    child.once('close', (code) => resolve({ code: code ?? -1, ...said }));
  });
}

/** Runs a program on our own terminal. */
export function runHere(
  [program = '', ...args]: string[],
  { signal, environment }: Pick<RunOptions, 'signal' | 'environment'> = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: 'inherit',
      ...(signal && { signal }),
      ...(environment && { env: environment }),
    });
    child.once('error', (error) => {
      if (error.name !== 'AbortError') reject(error);
    });
    child.once('close', (code) => resolve(code ?? -1));
  });
}
