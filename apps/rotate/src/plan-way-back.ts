import { type Failure, fail } from '@etcd-rotate/protocol';
import type { Answer, Coordinator } from './coordinator.ts';

interface Wanted {
  rotation: string;
  keepNewCa: boolean;
}

/** Asks for the plan of a way back. That there is nothing to go back from is said in the words of a way back. */
export async function planWayBack(coordinator: Coordinator, wanted: Wanted): Promise<Answer<'plan'>> {
  const answer = await coordinator.ask('plan', { type: 'plan-rollback', ...wanted });
  if (answer.ok) return answer;
  return {
    ok: false,
    failures: answer.failures.map((failure) =>
      failure.code === 'nothing-to-do' ? nothing(wanted) : failure,
    ),
  };
}

function nothing({ rotation, keepNewCa }: Wanted): Failure {
  return keepNewCa
    ? fail(
        'nothing-to-do',
        `no leaf has to be put back: with --keep-new-ca nothing of ${rotation} would change`,
        `leave it so with \`rotate abandon ${rotation}\`, or take the new CA out with \`rotate rollback ${rotation}\``,
      ).failure
    : fail(
        'nothing-to-do',
        `${rotation} has changed nothing that could be put back`,
        `end it with \`rotate abandon ${rotation}\``,
      ).failure;
}
