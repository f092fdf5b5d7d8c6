import type { Journal } from '@etcd-rotate/journal';
import { Rotations } from './rotations.ts';
import { statusLine } from './status-line.ts';

/** Tells what the journal says of every rotation, at the start and after each entry, until it is disposed. */
export function tellStatus(
  journal: Pick<Journal, 'entries' | 'last' | 'waitFor'>,
  clusters: number,
  onStatus: (status: string) => void,
): Disposable {
  const rotations = new Rotations(journal);
  let isOver = false;

  async function keep(): Promise<void> {
    while (!isOver) {
      const last = journal.last();
      onStatus(statusLine(rotations.all(), clusters));
      await journal.waitFor(last, lookAgainMs);
    }
  }

  void keep();
  return {
    [Symbol.dispose]: () => {
      isOver = true;
    },
  };
}

/** Also bounds how long this may still wait once it is over. */
const lookAgainMs = 1000;
