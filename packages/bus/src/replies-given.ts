import {
  fail,
  looking,
  type OperatorReply,
  type OperatorRequest,
  ok,
  type Result,
} from '@etcd-rotate/protocol';

type Outcome = OperatorReply['outcome'];

/**
 * A request that acts is answered once: the same one again, while it lives, gets the same answer, also while that is
 * still being found. Requests that look are asked again: that is harmless, and their replies are large.
 */
export function repliesGiven(now: () => Date): {
  once(request: OperatorRequest, answer: () => Promise<Outcome>): Promise<Result<Outcome>>;
} {
  const given = new Map<string, Given>();
  return {
    async once(request, answer) {
      if (looking.includes(request.body.type)) return ok(await answer());
      const key = `${request.operator} ${request.id}`;
      const contents = JSON.stringify(request.body);
      const before = given.get(key);
      if (before && before.contents !== contents) return reused(request);
      const outcome = before?.outcome ?? answer();
      const kept: Given = { contents, expiresAt: Date.parse(request.expiresAt), outcome, isPending: true };
      given.set(key, kept);
      forget(given, now().getTime());
      try {
        return ok(await outcome);
      } finally {
        kept.isPending = false;
      }
    },
  };
}

const remembered = 1000;

interface Given {
  contents: string;
  expiresAt: number;
  outcome: Promise<Outcome>;
  /** It is still being found: to forget it would be to answer twice. */
  isPending: boolean;
}

function forget(given: Map<string, Given>, now: number): void {
  for (const [key, { expiresAt, isPending }] of given)
    if (!isPending && (expiresAt <= now || given.size > remembered)) given.delete(key);
}

function reused(request: OperatorRequest): { ok: false; failure: ReturnType<typeof fail>['failure'] } {
  return fail(
    'id-reused',
    `request ${request.id} came before with other contents`,
    'ask again under a new id',
  );
}
