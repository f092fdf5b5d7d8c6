import { writeFile } from 'node:fs/promises';
import { fail, ok, type Result } from '@etcd-rotate/protocol';
import { exitCodeOf, exitCodes } from '../exit-codes.ts';
import { give } from '../give.ts';
import { type CommonOptions, withCoordinator } from '../with-coordinator.ts';
import { findCa } from './find-ca.ts';

/**
 * The certificate of a CA, which is no secret. Its key is not to be had from here: an operator's laptop must not be able to
 * fetch what signs for the cluster.
 */
export function exportCa(name: string, options: CommonOptions & { out?: string }): Promise<number> {
  return withCoordinator(options, async ({ coordinator, terminal }) => {
    const found = await findCa(coordinator, name);
    if (!found.ok) return give(terminal, found.failures);
    const { pem, facts } = found.value.certificate;
    const text = `${pem.trimEnd()}\n`;
    if (options.out === undefined) {
      terminal.tell({ ok: true, name, certificate: text, fingerprint: facts.fingerprint });
      terminal.say(text.trimEnd());
      return exitCodes.done;
    }
    const written = await writeNew(options.out, text);
    if (!written.ok) {
      terminal.fail([written.failure]);
      return exitCodeOf(written.failure.code);
    }
    terminal.tell({ ok: true, name, file: options.out, fingerprint: facts.fingerprint });
    terminal.say(`${options.out} has the certificate of ${name}, ${facts.subject}`);
    return exitCodes.done;
  });
}

async function writeNew(path: string, text: string): Promise<Result<void>> {
  try {
    return ok(await writeFile(path, text, { flag: 'wx', mode: 0o644 }));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail('bad-file', `${path} cannot be written: ${reason}`, 'name a file that is not there yet');
  }
}
