import type { Restart } from '@etcd-rotate/protocol';
import { type Process, processListeningOn } from '../processes.ts';
import { runCommand } from '../run-command.ts';
import type { RestartDriver } from './driver.ts';

type ByCommand = Extract<Restart, { command: unknown }>;

/**
 * A command of the operator. Nobody knows what it does, so that nothing can be said of what it started but whether it runs.
 *
 * @param endpoint of a member: its process is the one that listens there
 */
export function commandDriver(restart: ByCommand, endpoint: string | undefined): RestartDriver {
  return {
    restart: () => runCommand(restart),
    process: async (): Promise<Process | undefined> =>
      endpoint === undefined ? undefined : processListeningOn(endpoint),
    isGone: async () => endpoint !== undefined && (await processListeningOn(endpoint)) === undefined,
    fault: async () => undefined,
    problems: async () => [],
  };
}
