import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Lab } from '@etcd-rotate/lab';
import { shakeHands } from './handshakes.ts';
import { readTogether } from './holder-files.ts';

/**
 * When a member that was started at some time served again: by its own log, since etcd takes clients once it has
 * published itself through raft, so with a majority (facts: etcd, section 6), and says so to the millisecond. Looking from
 * outside would be late, and a time in which nothing was down would count.
 */
export function servesSince(lab: Lab, member: string, startedAt: number): number | undefined {
  for (const line of tailOf(lab.etcd(member).logFile).split('\n')) {
    if (!/"msg":"(ready to serve client requests|serving client traffic securely)"/.test(line)) continue;
    const at = Date.parse(/"ts":"([^"]+)"/.exec(line)?.[1] ?? '');
    if (at >= startedAt) return at;
  }
  return undefined;
}

/**
 * Waits until a member that was stopped and woken answers a linearizable read, and says when the question was asked that it
 * answered: others may have had their answer between that and ours. It is asked again before it has answered, since the
 * first question may lie in a connection that nobody reads for a second.
 */
export async function answersAgain({ layout }: Lab, member: string, signal: AbortSignal): Promise<number> {
  const of = layout.members.find(({ name }) => name === member);
  if (!of) throw new Error(`no member ${member}`);
  let answered: number | undefined;
  const ask = async (): Promise<void> => {
    const at = Date.now();
    const { cert, key, ca } = of.agentClient;
    const read = readTogether({ who: member, node: member, cert, key, ca });
    // etcd's own /health is a linearizable read in 3.4 and 3.5.
    const asked = { host: of.address, port: 2379, path: '/health', wanted: '"health":"true"' };
    if (!read.ok || (await shakeHands({ ...asked, files: read.files })).type !== 'accepted') return;
    answered = Math.min(answered ?? at, at);
  };
  while (answered === undefined && !signal.aborted) {
    void ask();
    await pause(20);
  }
  return answered ?? Date.now();
}

const enough = 256 * 1024;

function tailOf(file: string): string {
  const handle = openSync(file, 'r');
  try {
    const { size } = fstatSync(handle);
    const bytes = Buffer.alloc(Math.min(size, enough));
    readSync(handle, bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString('utf8');
  } finally {
    closeSync(handle);
  }
}
