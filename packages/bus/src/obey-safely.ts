import { type Command, type CommandResult, type Failure, fail } from '@etcd-rotate/protocol';

/**
 * Obeys; a throw is a bug, and becomes a failure where that is true. After a change that broke off nobody knows what it
 * left, so nothing is answered and the coordinator looks for itself; no other command touches a slot file.
 */
export async function obeySafely(
  command: Command,
  obey: (command: Command) => Promise<CommandResult['outcome']>,
  onFault: (failure: Failure) => void,
): Promise<CommandResult['outcome'] | undefined> {
  try {
    return await obey(command);
  } catch (error) {
    const message = `command ${command.id} broke off: ${error instanceof Error ? error.message : String(error)}`;
    const { failure } = fail('internal', message, 'report it with the log of the agent');
    onFault(failure);
    return command.body.type === 'change' ? undefined : { ok: false, failure, decision: 'untouched' };
  }
}
