import { createInterface } from 'node:readline/promises';
import { fail } from '@etcd-rotate/protocol';
import { exitCodes } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

export const byPlan = 'say --yes to run the plan, or --dry-run to see it';

/**
 * Whether a person says yes, or the exit code. Without a terminal nobody can be asked: a usage error, never a wait.
 *
 * @param otherwise what to do where nobody can be asked
 */
export async function agree(terminal: Terminal, question: string, otherwise: string): Promise<true | number> {
  if (!canAsk(terminal)) {
    const { failure } = fail('bad-usage', 'nobody can be asked here: this is not a terminal', otherwise);
    terminal.fail([failure]);
    return exitCodes.usage;
  }
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  const said = await lines.question(`${question} Type yes: `);
  lines.close();
  if (said.trim() === 'yes') return true;
  terminal.say('nothing was changed');
  return exitCodes.refused;
}

export function canAsk({ json }: Pick<Terminal, 'json'>): boolean {
  return process.stdin.isTTY && !json;
}
