import { setTimeout as sleep } from 'node:timers/promises';
import { dial, openMember } from '@etcd-rotate/etcd';
import { type Failure, fail, ok, type Result } from '@etcd-rotate/protocol';
import { type Access, accessOf } from './access.ts';
import type { Holder, MemberHolder } from './holders.ts';
import { type Since, startedSince } from './moment.ts';
import { memberOn } from './node.ts';
import { processOf } from './process-of.ts';
import type { Process } from './processes.ts';
import { faultOf } from './restart/driver-of.ts';
import type { Work } from './work.ts';

const lookEveryMs = 10;

/**
 * Waits for a process that was started since: a restart command may come back before it has done its work, as the one
 * that leaves it to the kubelet does.
 *
 * @returns where it is not a new one, the process that runs when the time is over, or why none will
 */
export async function waitForNewProcess(
  holder: Holder,
  since: readonly Since[],
  until: number,
): Promise<{ isNew: boolean; process: Process | undefined; fault?: Failure | undefined }> {
  for (;;) {
    const process = await processOf(holder);
    if (await startedSinceAll(process, since)) return { isNew: true, process };
    const fault = process ? undefined : await faultOf(holder);
    if (fault || performance.now() >= until) return { isNew: false, process, fault };
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

/**
 * Looks, over a fresh connection each time, until the member serves a linearizable read, or its time is over. One that was
 * restarted is looked at from behind as well: one that keeps dying is waited for no longer.
 */
export async function waitUntilServing(
  { body, command, node }: Work,
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
  const diedSince = nowAndThen(() => faultOf(member));
  for (;;) {
    const left = Math.max(250, until - performance.now());
    const fault = await reasonNotToServe(member, access.value, left);
    if (fault === undefined) return ok(undefined);
    const died = body.taken === 'restart' ? await diedSince() : undefined;
    if (died) return { ok: false, failure: died };
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

const lookBehindEveryMs = 200;

/** A look that costs a process each time, at once and then not too often; nothing in between. */
function nowAndThen<T>(look: () => Promise<T>): () => Promise<T | undefined> {
  let next = 0;
  return async () => {
    if (performance.now() < next) return undefined;
    next = performance.now() + lookBehindEveryMs;
    return look();
  };
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
