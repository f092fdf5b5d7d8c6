import { setTimeout as sleep } from 'node:timers/promises';
import { dial, openMember } from '@etcd-rotate/etcd';
import { fail, ok, type Result } from '@etcd-rotate/protocol';
import { accessOf } from './access.ts';
import type { Work } from './change.ts';
import type { MemberHolder } from './holders.ts';
import { memberOn } from './node.ts';

const lookEveryMs = 10;

/** Looks, over a fresh connection each time, until the member serves a linearizable read, or its time is over. */
export async function waitUntilServing({ body, command, node }: Work, member: MemberHolder): Promise<Result<void>> {
  const here = memberOn(node, command.cluster);
  if (!here) return fail('unknown-holder', `${node.name} has no member of ${command.cluster}`, 'correct the fleet file');
  const access = await accessOf(here.agent);
  const until = performance.now() + body.startTimeoutMs;
  let last = 'it was not looked at';
  while (performance.now() < until) {
    const seen = await dial({ url: member.endpoint, ...access, timeoutMs: 1000 });
    if (seen.type === 'accepted') {
      await using client = openMember({ endpoint: member.endpoint, ...access, deadlineMs: 2000 });
      const read = await client.linearizableRead();
      if (read.ok) return ok(undefined);
      last = read.failure.message;
    } else {
      last = 'reason' in seen ? seen.reason : 'alert' in seen ? `TLS alert ${seen.alert}` : 'it closes without a word';
    }
    await sleep(lookEveryMs);
  }
  return fail(
    'not-serving',
    `${member.holder} does not serve ${body.startTimeoutMs / 1000} s after its restart: ${last}`,
    `look at the log of etcd on ${node.name}`,
  );
}
