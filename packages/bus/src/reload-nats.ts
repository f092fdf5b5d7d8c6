import { open, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fail, ok, type Result } from '@etcd-rotate/protocol';

/** Has nats-server read its configuration again, and waits until its log says that it did. */
export async function reloadNats(pid: number, logFile: string): Promise<Result<void>> {
  const from = await stat(logFile).then(
    ({ size }) => size,
    () => 0,
  );
  try {
    process.kill(pid, 'SIGHUP');
  } catch (error) {
    // One that is being started again reads what is there now.
    return fail('nats-away', `nats-server ${pid} does not run: ${String(error)}`, hint, true);
  }
  for (const until = performance.now() + patienceMs; performance.now() < until; await sleep(20)) {
    const said = await since(logFile, from);
    if (said.includes('Reloaded server configuration')) return ok(undefined);
    const why = /Failed to reload server configuration.*/.exec(said)?.[0];
    if (why !== undefined) return fail('nats-refused', `nats-server ${pid}: ${why}`, hint);
  }
  return fail(
    'nats-away',
    `nats-server ${pid} did not take its new configuration within ${patienceMs / 1000} s`,
    hint,
    true,
  );
}

const patienceMs = 5_000;
const hint = 'look at nats/nats.log in the state folder of the coordinator, then ask again';

async function since(path: string, from: number): Promise<string> {
  await using file = await open(path, 'r');
  const { size } = await file.stat();
  const buffer = Buffer.alloc(Math.max(0, Math.min(size - from, 65_536)));
  await file.read(buffer, 0, buffer.length, from);
  return buffer.toString('latin1');
}
