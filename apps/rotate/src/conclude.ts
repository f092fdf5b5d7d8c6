import { awaitedApproval } from '@etcd-rotate/core';
import type { Outcome } from '@etcd-rotate/protocol';
import colors from 'picocolors';
import { isCalm } from './calm.ts';
import { ended } from './ended.ts';
import { exitCodes } from './exit-codes.ts';
import type { Ending } from './follow.ts';
import { give } from './give.ts';
import { possibleNow } from './possible-now.ts';
import { columns } from './terminal.ts';
import { wayBackCosts } from './way-back-costs.ts';
import { whereItStands } from './where-it-stands.ts';
import type { Asking } from './with-coordinator.ts';

/** What the command that follows was given for: a script must see from the exit code whether it came to that. */
export type Wanted = 'rotated' | 'rolled-back' | 'held' | 'any-end' | 'a-look';

interface About extends Asking {
  rotation: string;
  wanted: Wanted;
}

/** Says how what was followed ended, and what can be done. Gives the exit code. */
export async function conclude(ending: Ending, about: About): Promise<number> {
  const { terminal, rotation } = about;
  switch (ending.type) {
    case 'detached':
      terminal.say(`detached; rotation ${rotation} goes on. Look at it again with: rotate watch ${rotation}`);
      terminal.tell({ outcome: 'detached', rotation });
      return exitCodes.detached;
    case 'lost':
      terminal.say(
        `rotation ${rotation} does not depend on us; look at it again with: rotate watch ${rotation}`,
      );
      return give(terminal, ending.failures);
    case 'held':
      return await held(ending, about);
    case 'finished': {
      for (const line of ended(ending.rotation, ending.tally)) terminal.say(line);
      terminal.tell(summaryOf(ending));
      return codeOf(ending.tally.outcome as Outcome, about.wanted);
    }
  }
}

/** Nothing goes on any more, whatever it was that was wanted; but another end than that is a failure. */
function codeOf(outcome: Outcome, wanted: Wanted): number {
  if (wanted === 'held') return exitCodes.done;
  if (wanted === 'any-end' || wanted === 'a-look')
    return outcome === 'abandoned' ? exitCodes.failed : exitCodes.done;
  return outcome === wanted ? exitCodes.done : exitCodes.failed;
}

async function held(
  { rotation, failure }: Extract<Ending, { type: 'held' }>,
  { terminal, coordinator, wanted }: About,
): Promise<number> {
  const { code, message, hint, causes = [] } = failure;
  terminal.say();
  terminal.say(`${colors.yellow('held')} ${message} ${colors.dim(`(${code})`)}`);
  for (const cause of causes.slice(1, 6)) terminal.say(`    ${cause}`);
  terminal.say(`  ${hint}`);
  for (const line of whereItStands(rotation)) terminal.say(`  ${line}`);
  terminal.say('possible now:');
  const possible = possibleNow(rotation, coordinator.about.operator);
  for (const line of columns(possible)) terminal.say(`  ${line}`);
  terminal.tell({
    outcome: 'held',
    rotation: rotation.id,
    failure,
    possible: possible.map(([command]) => command),
  });
  // Two plans, each with a look at every node: not for somebody who only looks.
  const isBegun = awaitedApproval(rotation) !== 'start';
  const isWeighed = isCalm(failure) && isBegun && wanted !== 'a-look' && !terminal.json;
  if (isWeighed && rotation.plan.direction === 'forward') {
    terminal.say('the way back would be:');
    for (const line of await wayBackCosts(coordinator, rotation.id)) terminal.say(`  ${line}`);
  }
  return wanted === 'held' && failure.code === 'held-by-operator' ? exitCodes.done : exitCodes.held;
}

function summaryOf({ tally, rotation }: Extract<Ending, { type: 'finished' }>): object {
  const { restarts, leaderMoves, proofs, cas, leaves, seconds, outcome } = tally;
  return {
    outcome,
    rotation: rotation.id,
    restarts,
    leaderMoves,
    seconds,
    proofs,
    cas: cas.map(({ name, facts }) => ({ name, fingerprint: facts.fingerprint })),
    leaves: leaves.length,
  };
}
