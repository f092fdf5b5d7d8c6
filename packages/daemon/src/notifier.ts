import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import notify from 'systemd-notify';

/** Tells systemd how we are, where it asked for it. It never fails the daemon. */
export interface Notifier {
  ready(status: string): Promise<void>;
  status(status: string): Promise<void>;
  stopping(): Promise<void>;
}

export function notifier(socket: string | undefined): Notifier {
  const tell = async (say: () => Promise<unknown>): Promise<void> => {
    if (socket === undefined) return;
    await say().catch(() => undefined);
  };
  return {
    ready: (status) => tell(() => notify({ ready: true, status: oneLine(status) })),
    status: (status) => tell(() => notify({ status: oneLine(status) })),
    // The package knows READY and STATUS alone.
    stopping: () => tell(() => promisify(execFile)('systemd-notify', ['--stopping'])),
  };
}

/** A newline would let the rest pass as another message to systemd. */
function oneLine(text: string): string {
  return text.replace(/[^\P{C}]/gu, ' ').slice(0, 200);
}
