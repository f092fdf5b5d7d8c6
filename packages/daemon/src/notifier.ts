import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import notify from 'systemd-notify';

/** Tells systemd how we are, where it asked for it. It never fails the daemon. */
export interface Notifier {
  /** With the status that was said last, unless there is another one. */
  ready(status?: string): Promise<void>;
  /** Told when it differs from what was told last. */
  status(status: string): Promise<void>;
  stopping(): Promise<void>;
  /** That we are alive: see `watchdog`. */
  alive(): Promise<void>;
}

/** What is told: one process of the program `systemd-notify` each. Rejects when it was not told. */
export interface Telling {
  ready(status: string): Promise<unknown>;
  status(status: string): Promise<unknown>;
  stopping(): Promise<unknown>;
  alive(): Promise<unknown>;
}

/** @param socket `NOTIFY_SOCKET` */
export function notifier(socket: string | undefined, telling: Telling = toSystemd): Notifier {
  let told: string | undefined;
  let latest = '';
  let before = Promise.resolve();

  /** One after the other: a process that is overtaken would leave an old status. */
  const inTurn = (tell: () => Promise<unknown>): Promise<void> => {
    if (socket === undefined) return Promise.resolve();
    before = before.then(tell).then(
      () => undefined,
      () => undefined,
    );
    return before;
  };
  const say = async (how: (status: string) => Promise<unknown>): Promise<void> => {
    const status = latest;
    await how(status);
    told = status;
  };

  return {
    ready(status = latest) {
      latest = oneLine(status);
      return inTurn(() => say(telling.ready));
    },
    status(status) {
      latest = oneLine(status);
      // Of those that came while another was being told, the last one is enough.
      return inTurn(async () => (latest === told ? undefined : say(telling.status)));
    },
    stopping: () => inTurn(telling.stopping),
    alive: () => inTurn(telling.alive),
  };
}

const toSystemd: Telling = {
  ready: (status) => notify({ ready: true, status }),
  status: (status) => notify({ status }),
  // The package knows READY and STATUS alone.
  stopping: () => promisify(execFile)('systemd-notify', [ofUs, 'STOPPING=1']),
  alive: () => promisify(execFile)('systemd-notify', [ofUs, 'WATCHDOG=1']),
};

/** Else it speaks of itself, and may have ended before systemd has asked whose it was. */
const ofUs = `--pid=${process.pid}`;

/** A newline would let the rest pass as another message to systemd. */
function oneLine(text: string): string {
  return text.replace(/[^\P{C}]/gu, ' ').slice(0, 200);
}
