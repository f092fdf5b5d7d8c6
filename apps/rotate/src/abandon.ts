import { mayDo } from '@etcd-rotate/core';
import { type Failure, fail } from '@etcd-rotate/protocol';
import { agree, canAsk } from './agree.ts';
import { exitCodes } from './exit-codes.ts';
import { give } from './give.ts';
import { rotationNow } from './rotation-now.ts';
import { steer } from './steer.ts';
import { whereItStands } from './where-it-stands.ts';
import { whichRotation } from './which-rotation.ts';
import { type Asking, type CommonOptions, withCoordinator } from './with-coordinator.ts';

export interface AbandonOptions extends CommonOptions {
  yes?: boolean;
}

/** Gives a rotation up where it stands, once somebody has said that it shall be so. */
export function abandon(named: string | undefined, options: AbandonOptions): Promise<number> {
  return withCoordinator(options, async (asking) => {
    const { coordinator, terminal } = asking;
    // What a script gives up for good it must call by its name.
    if (named === undefined && !canAsk(terminal)) return give(terminal, [unnamed]);
    const which = await whichRotation(asking, named);
    if (!which.ok) return give(terminal, which.failures);
    const rotation = which.value;
    if (!options.yes) {
      const agreed = await isAgreed(asking, rotation);
      if (agreed !== true) return agreed;
    }
    const done = await steer(coordinator, { type: 'abandon', rotation });
    if (!done.ok) return give(terminal, done.failures);
    terminal.say(
      `${rotation} is abandoned: every node keeps the files that it has; a new rotation plans from there`,
    );
    terminal.tell({ outcome: 'abandoned', rotation });
    return exitCodes.done;
  });
}

/** Nobody is asked about what would be refused. */
async function isAgreed({ coordinator, terminal }: Asking, id: string): Promise<true | number> {
  const now = await rotationNow(coordinator, id);
  if (!now.ok) return give(terminal, now.failures);
  const may = mayDo('abandon', now.value);
  if (!may.ok) return give(terminal, [may.failure]);
  for (const line of whereItStands(now.value)) terminal.say(line);
  const question = `Give ${id} up where it stands? Every node keeps the files that it has; there is no roll back of it afterwards.`;
  return await agree(terminal, question, 'say --yes where that is what is wanted');
}

const unnamed: Failure = fail(
  'bad-usage',
  'which rotation? This is not a terminal, and what is abandoned has no roll back afterwards',
  'name it: rotate abandon ID --yes',
).failure;
