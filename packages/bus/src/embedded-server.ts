import { setTimeout as sleep } from 'node:timers/promises';
import { fail, ok, type Result } from '@etcd-rotate/protocol';
import { accepts } from './accepts.ts';
import { endOrphan } from './end-orphan.ts';
import { type Launched, launchNats } from './launch-nats.ts';
import { reloadNats } from './reload-nats.ts';

export interface NatsServerOptions {
  /** A path, or a name to be found in PATH. */
  program: string;
  configFile: string;
  /** As in the configuration: `host:port`, to see when it is up. */
  listen: string;
  pidFile: string;
  /** Takes what the server says on stdout and stderr. */
  logFile: string;
  onEvent: (event: NatsServerEvent) => void;
}

export interface NatsServerEvent {
  type: 'orphan-ended' | 'died' | 'restarted' | 'not-restarted';
  detail: string;
}

export interface NatsServer {
  /** Of the process that runs now. */
  readonly pid: number;
  /** Reads its configuration again; whoever it lets in no more is not connected any more when it is ok. */
  reload(): Promise<Result<void>>;
  /** SIGTERM, and SIGKILL 5 s later. */
  [Symbol.asyncDispose](): Promise<void>;
}

const soonest = 100;
const slowest = 2000;
/** A server that lived this long is not one that cannot live. */
const livedMs = 10_000;

/** Starts nats-server, resolves when it takes connections, and starts it again whenever it dies. */
export async function startNatsServer(options: NatsServerOptions): Promise<Result<NatsServer>> {
  const orphan = await endOrphan(options);
  if (orphan)
    options.onEvent({ type: 'orphan-ended', detail: `ended nats-server ${orphan} of an earlier run` });
  if (await accepts(options.listen)) return taken(options.listen);
  const first = await launchNats(options);
  if (!first.ok) return first;

  const stop = new AbortController();
  let running: Launched = first.value;
  let wait = soonest;
  const keeping = keepRunning();

  async function keepRunning(): Promise<void> {
    while (!stop.signal.aborted) {
      const since = performance.now();
      const how = await running.exited;
      if (stop.signal.aborted) return;
      if (performance.now() - since > livedMs) wait = soonest;
      options.onEvent({
        type: 'died',
        detail: `nats-server ${running.pid} ended (${how}); starting it again`,
      });
      await restart();
    }
  }

  async function restart(): Promise<void> {
    while (!stop.signal.aborted) {
      await sleep(wait, undefined, { signal: stop.signal }).catch(() => undefined);
      wait = Math.min(2 * wait, slowest);
      if (stop.signal.aborted) return;
      const next = await launchNats(options);
      if (next.ok) {
        running = next.value;
        options.onEvent({ type: 'restarted', detail: `nats-server runs as ${running.pid}` });
        return;
      }
      options.onEvent({ type: 'not-restarted', detail: next.failure.message });
    }
  }

  return ok({
    get pid() {
      return running.pid;
    },
    reload: () => reloadNats(running.pid, options.logFile),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running.end();
      await keeping;
      // One that was being launched when we began to stop.
      await running.end();
    },
  });
}

function taken(listen: string): { ok: false; failure: ReturnType<typeof fail>['failure'] } {
  const hint = `find it with: ss -ltnp; stop it, or choose another nats.embedded.listen`;
  return fail('nats-server-missing', `nats-server cannot listen on ${listen}: another process does`, hint);
}
