import { fail, ok, type Restart, type Result } from '@etcd-rotate/protocol';
import { inOneLine, runProgram, type Said } from './run-program.ts';

export type InContainer = Extract<Restart, { container: unknown }>['container'];

/** What docker and podman both say of a container. */
export interface ContainerSeen {
  status: string;
  /** As this machine counts; 0 where it does not run. */
  pid: number;
  exitCode: number;
  /** What the engine could not do. */
  error: string;
  /** How often the engine has started it again without being asked, since somebody asked. */
  restarts: number;
  /** As it is configured, a name or a number; empty for SIGTERM. */
  stopSignal: string;
  mounts: { source: string; destination: string }[];
}

const answersWithinMs = 20_000;
const format =
  '{"state":{{json .State}},"restarts":{{json .RestartCount}},"config":{{json .Config}},"mounts":{{json .Mounts}}}';

export async function lookAtContainer({ engine, name }: InContainer): Promise<Result<ContainerSeen>> {
  const shown = await engineSays(engine, ['inspect', '--type', 'container', '--format', format, name]);
  if (!shown.ok) return shown;
  try {
    return ok(readFrom(JSON.parse(shown.value.out)));
  } catch (error) {
    const message = `${engine} says of container ${name} what cannot be read: ${String(error)}`;
    return fail('restart-failed', message, 'compare with `inspect` by hand; please report this');
  }
}

export function engineSays(
  engine: InContainer['engine'],
  args: readonly string[],
  timeoutMs: number = answersWithinMs,
): Promise<Result<Said>> {
  return runProgram(engine, args, { timeoutMs });
}

const logWithinMs = 3000;

/** What the container wrote last; nothing where its log goes elsewhere. */
export async function lastLinesIn({ engine, name }: InContainer): Promise<string> {
  const read = await engineSays(engine, ['logs', '--tail', '5', name], logWithinMs);
  return read.ok ? inOneLine(`${read.value.out}\n${read.value.errors}`) : '';
}

function readFrom(value: unknown): ContainerSeen {
  const { state, restarts, config, mounts } = fields(value);
  const { StopSignal: stopSignal } = fields(config);
  const { Status: status, Pid: pid, ExitCode: exitCode, Error: error } = fields(state);
  if (typeof status !== 'string') throw new Error('it has no status');
  return {
    status,
    pid: whole(pid),
    exitCode: whole(exitCode),
    error: text(error),
    restarts: whole(restarts),
    // Docker has its name, podman its number.
    stopSignal: typeof stopSignal === 'number' ? String(stopSignal) : text(stopSignal),
    mounts: (Array.isArray(mounts) ? mounts : []).map((mount) => {
      const { Source: source, Destination: destination } = fields(mount);
      return { source: text(source), destination: text(destination) };
    }),
  };
}

function fields(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function whole(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : 0;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
