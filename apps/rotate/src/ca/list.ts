import { exitCodes } from '../exit-codes.ts';
import { give } from '../give.ts';
import { type CommonOptions, withCoordinator } from '../with-coordinator.ts';
import { caLines } from './ca-lines.ts';

/** Every CA that the coordinator can ask for signatures, or could. */
export function listCas(options: CommonOptions): Promise<number> {
  return withCoordinator(options, async ({ coordinator, terminal }) => {
    const answer = await coordinator.ask('cas', { type: 'cas' });
    if (!answer.ok) return give(terminal, answer.failures);
    const { cas } = answer.value;
    terminal.tell({ ok: true, cas });
    if (cas.length === 0) terminal.say('no CA yet: a rotation makes one, and rotate ca adopt takes one over');
    else for (const line of caLines(cas, new Date())) terminal.say(line);
    return exitCodes.done;
  });
}
