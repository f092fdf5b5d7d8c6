import { createInterface } from 'node:readline/promises';
import { type CaEntry, fail } from '@etcd-rotate/protocol';
import { act } from '../act.ts';
import { canAsk } from '../agree.ts';
import { exitCodes } from '../exit-codes.ts';
import { give } from '../give.ts';
import type { Terminal } from '../terminal.ts';
import { type CommonOptions, withCoordinator } from '../with-coordinator.ts';
import { caLines } from './ca-lines.ts';
import { findCa } from './find-ca.ts';

/** Has the key of a CA destroyed, once somebody has said its name. */
export function destroyCa(name: string, options: CommonOptions & { yes?: boolean }): Promise<number> {
  return withCoordinator(options, async ({ coordinator, terminal }) => {
    const found = await findCa(coordinator, name);
    if (!found.ok) return give(terminal, found.failures);
    if (!options.yes) {
      const agreed = await isAgreed(terminal, found.value);
      if (agreed !== true) return agreed;
    }
    const done = await act(coordinator, {
      expected: 'done',
      body: { type: 'ca-destroy', name },
      wasDone: async () => {
        const now = await findCa(coordinator, name);
        if (!now.ok) return 'unknown';
        return now.value.key === 'destroyed' ? { ok: true, value: { type: 'done' } } : 'not-done';
      },
    });
    if (!done.ok) return give(terminal, done.failures);
    const { fingerprint } = found.value.certificate.facts;
    terminal.tell({ outcome: 'destroyed', name, fingerprint });
    terminal.say(`the key of ${name} is destroyed: the coordinator can sign nothing with it any more`);
    for (const line of whatStays) terminal.say(line);
    return exitCodes.done;
  });
}

async function isAgreed(terminal: Terminal, ca: CaEntry): Promise<true | number> {
  if (!canAsk(terminal)) {
    const message =
      'nobody can be asked here: this is not a terminal, and a key that was destroyed does not come back';
    terminal.fail([fail('bad-usage', message, `say so: rotate ca destroy ${ca.name} --yes`).failure]);
    return exitCodes.usage;
  }
  for (const line of caLines([ca], new Date())) terminal.say(line);
  terminal.say('Its key is overwritten and does not come back; its certificate stays listed.');
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  const said = await lines.question('Type its name to destroy its key: ');
  lines.close();
  if (said.trim() === ca.name) return true;
  terminal.say('nothing was changed');
  return exitCodes.refused;
}

/** A person who wants it gone has to know where it may not be. */
const whatStays = [
  'What may still have it, sealed, so that it takes the passphrase to open it: backups and snapshots of the state folder;',
  'blocks that a flash disk or a copying file system put aside; with a journal in JetStream the files of its stream until',
  'they are compacted; cas/ of a coordinator that once led alone. And, in the clear, whatever it was adopted from or exported to.',
];
