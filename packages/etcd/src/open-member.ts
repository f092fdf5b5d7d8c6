import { type EtcdId, type Failure, fail, ok, type Result } from '@etcd-rotate/protocol';
import { alarmFrom, answeredFrom, listedFrom, statusFrom } from './answers.ts';
import { askAuth } from './auth.ts';
import { failureOf } from './failures.ts';
import { toDecimal } from './ids.ts';
import { type LazyClient, lazyClient } from './lazy-client.ts';
import type { Member, MemberTarget } from './member.ts';
import { pollUntil } from './poll.ts';
import { takeSnapshot } from './take-snapshot.ts';

/** One client to one endpoint, with connections of its own. It connects at the first call. */
export function openMember({ deadlineMs = 1500, ...target }: MemberTarget): Member {
  const { endpoint } = target;
  const client = lazyClient({ ...target, deadlineMs });
  const ask = asker(client, target);
  const status = () => ask(async (etcd) => statusFrom(await etcd.maintenance.status()));
  const close = () => client.close();

  return {
    endpoint,
    // The key is nobody's: only the way to it counts. A range is linearizable unless one says otherwise.
    linearizableRead: () =>
      ask(async (etcd) => answeredFrom((await etcd.get('etcd-rotate/health').exec()).header)),
    status,
    // Its argument is obligatory, whatever the types say (facts: toolchain, section 7).
    members: ({ linearizable } = { linearizable: true }) =>
      ask(async (etcd) => (await etcd.cluster.memberList({ linearizable })).members.map(listedFrom)),
    auth: () => ask(askAuth),
    alarms: () =>
      ask(async (etcd) => (await etcd.maintenance.alarm({ action: 'Get' })).alarms.map(alarmFrom)),
    moveLeader: async (to) => {
      const asked = await ask((etcd) => etcd.maintenance.moveLeader({ targetID: toDecimal(to) }));
      if (!asked.ok) return { ok: false, failure: notMoved(asked.failure) };
      const seen = await pollUntil({
        look: status,
        enough: (now) => now.ok && now.value.leader === to,
        deadlineMs,
      });
      return seen.ok && seen.value.leader !== to
        ? stillLeads(endpoint, seen.value.leader)
        : withoutValue(seen);
    },
    snapshot: (path) => takeSnapshot({ client, endpoint, path, stallMs: Math.max(deadlineMs, 10_000) }),
    close,
    [Symbol.dispose]: close,
    [Symbol.asyncDispose]: async () => close(),
  };
}

type Client = Awaited<ReturnType<LazyClient['get']>>;

function asker(client: LazyClient, { endpoint, ...as }: Omit<MemberTarget, 'deadlineMs'>) {
  return async <T>(call: (etcd: Client) => Promise<T>): Promise<Result<T>> => {
    try {
      return ok(await call(await client.get()));
    } catch (error) {
      return { ok: false, failure: failureOf(error, endpoint, as) };
    }
  };
}

/** What hinders a hand-over is told as such, but for what somebody has to put right first. */
function notMoved(failure: Failure): Failure {
  const telling = failure.code === 'permission-missing' || failure.code === 'not-reached';
  return telling ? failure : { ...failure, code: 'leader-not-moved' };
}

function stillLeads(endpoint: string, leader: EtcdId): Result<void> {
  const message = `${endpoint} took the order to hand over, but ${leader === '0' ? 'nobody' : leader} leads`;
  return fail('leader-not-moved', message, 'do it again', true);
}

function withoutValue(result: Result<unknown>): Result<void> {
  return result.ok ? ok(undefined) : result;
}
