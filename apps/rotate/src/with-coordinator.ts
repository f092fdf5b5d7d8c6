import { type Coordinator, connectAs } from './coordinator.ts';
import { exitCodeOf } from './exit-codes.ts';
import { type Terminal, terminal as terminalFor } from './terminal.ts';

export interface CommonOptions {
  identity: string;
  json?: boolean;
}

export interface Asking {
  coordinator: Coordinator;
  terminal: Terminal;
}

/** What every command does first: reach the coordinator, or say why it cannot be asked. Gives the exit code. */
export async function withCoordinator(
  { identity, json }: CommonOptions,
  work: (asking: Asking) => Promise<number>,
): Promise<number> {
  const terminal = terminalFor(json === true);
  const connected = await connectAs(identity);
  if (!connected.ok) {
    terminal.fail([connected.failure]);
    return exitCodeOf(connected.failure.code);
  }
  await using coordinator = connected.value;
  return await work({ coordinator, terminal });
}
