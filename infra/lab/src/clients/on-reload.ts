import { readFileSync } from 'node:fs';
import { type ClientConfig, writeText } from './client-config.ts';
import type { Connections } from './connections.ts';

/**
 * On SIGHUP: new connections with the files as they are now, the old ones closed, and then the answer that reload.sh
 * waits for. `moved` lets a holder of a long stream leave its old connection.
 */
export function onReload(
  config: ClientConfig,
  connections: Connections,
  { moved, done }: { moved?: () => void; done: () => void },
): void {
  let before: Promise<void> = Promise.resolve();
  process.on('SIGHUP', () => {
    before = before.then(async () => {
      const word = readFileSync(config.reloadRequest, 'utf8').trim();
      try {
        const connected = await connections.reload(moved);
        done();
        writeText(config.reloadAnswer, `${word} ok ${connected.join(' ')}\n`);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        writeText(config.reloadAnswer, `${word} refused ${reason.replaceAll('\n', ' ')}\n`);
      }
    });
  });
}
