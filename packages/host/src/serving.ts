import { setTimeout as sleep } from 'node:timers/promises';
import { dial, openMember } from '@etcd-rotate/etcd';
import { fail, ok, type Result } from '@etcd-rotate/protocol';
import { type Access, accessOf } from './access.ts';
import type { Holder, MemberHolder } from './holders.ts';
import { type Since, startedSince } from './moment.ts';
import { memberOn } from './node.ts';
import { processOf } from './process-of.ts';
import type { Process } from './processes.ts';
import type { Work } from './work.ts';

const lookEveryMs = 10;

/**
 * Waits for a process that was started since: a restart command may come back before it has done its work, as the one
 * that leaves it to the kubelet does.
 *
 * @returns the process that runs when the time is over, where it is not a new one
 */
export async function waitForNewProcess(
  holder: Holder,
  since: readonly Since[],
  until: number,
): Promise<{ isNew: boolean; process: Process | undefined }> {
  for (;;) {
    const process = await processOf(holder);
    if (await startedSinceAll(process, since)) return { isNew: true, process };
    if (performance.now() >= until) return { isNew: false, process };
    await sleep(lookEveryMs);
  }
}

export async function startedSinceAll(
  process: Process | undefined,
  since: readonly Since[],
): Promise<boolean> {
  const each = await Promise.all(since.map((one) => startedSince(process, one)));
  return process !== undefined && each.every(Boolean);
}

/** Looks, over a fresh connection each time, until the member serves a linearizable read, or its time is over. */
export async function waitUntilServing(
  { command, node }: Work,
  member: MemberHolder,
  until: number,
): Promise<Result<void>> {
  const began = performance.now();
  const here = memberOn(node, command.cluster);
  if (!here)
    return fail(
      'unknown-holder',
      `${node.name} has no member of ${command.cluster}`,
      'correct the fleet file',
    );
  // Our own client does not change while its node changes a member: one thing at a time.
  const access = await accessOf(here.agent);
  if (!access.ok) return access;
  for (;;) {
    const left = Math.max(250, until - performance.now());
    const fault = await reasonNotToServe(member, access.value, left);
    if (fault === undefined) return ok(undefined);
    if (performance.now() >= until) {
      return fail(
        'not-serving',
        `${member.holder} does not serve within ${Math.round((performance.now() - began) / 100) / 10} s: ${fault}`,
        `look at the log of etcd on ${node.name}`,
      );
    }
    await sleep(lookEveryMs);
  }
}

/** One quick look, over a fresh connection. */
export async function servesNow({ command, node }: Work, member: MemberHolder): Promise<boolean> {
  const here = memberOn(node, command.cluster);
  const access = here ? await accessOf(here.agent) : undefined;
  return access?.ok === true && (await reasonNotToServe(member, access.value, 2000)) === undefined;
}

async function reasonNotToServe(
  { endpoint }: MemberHolder,
  access: Access,
  leftMs: number,
): Promise<string | undefined> {
  // Cheaper than a client of etcd3, and it says more of TLS.
  const seen = await dial({ url: endpoint, ...access, timeoutMs: Math.min(1000, leftMs) });
  if (seen.type !== 'accepted') {
    if ('reason' in seen) return seen.reason;
    return 'alert' in seen ? `TLS alert ${seen.alert}` : 'it closes without a word';
  }
  await using client = openMember({ endpoint, ...access, deadlineMs: Math.min(2000, leftMs) });
  const read = await client.linearizableRead();
  return read.ok ? undefined : read.failure.message;
}
