import { fail, ok, type Result } from '@etcd-rotate/protocol';

const hour = 3_600_000;
const aheadAllowed = 60_000;

/**
 * Whether a message may be obeyed now. The bounds on both ends keep what somebody recorded from being worth anything
 * later, however far ahead its sender's clock was.
 */
export function checkTimely(message: { issuedAt: string; expiresAt: string }, now: Date): Result<void> {
  const issued = Date.parse(message.issuedAt);
  const expires = Date.parse(message.expiresAt);
  const at = now.toISOString();
  if (expires <= now.getTime()) return late(`it expired at ${message.expiresAt} and it is ${at}`);
  if (issued > now.getTime() + aheadAllowed)
    return late(`it was issued at ${message.issuedAt}, but it is only ${at}`);
  if (expires - issued > hour)
    return late(`it is meant to live from ${message.issuedAt} to ${message.expiresAt}, over an hour`);
  return ok(undefined);
}

function late(why: string): { ok: false; failure: ReturnType<typeof fail>['failure'] } {
  return fail(
    'too-late',
    `the message is not obeyed: ${why}`,
    'compare the clocks of both machines, then send it again',
    true,
  );
}
