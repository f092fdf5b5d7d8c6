import {
  fail,
  type KnownIdentity,
  looking,
  type OperatorRequest,
  ok,
  type Result,
} from '@etcd-rotate/protocol';

/**
 * Whether an operator may ask for that: one who may only look asks for nothing that changes something.
 *
 * @param known undefined where the operator was removed while the request was on its way
 */
export function mayAsk(
  known: Pick<KnownIdentity, 'readOnly'> | undefined,
  { operator, body }: Pick<OperatorRequest, 'operator' | 'body'>,
): Result<void> {
  if (!known) {
    return fail('not-signed', `a request comes from ${operator}, who is no operator here any more`, hint);
  }
  if (!known.readOnly || looking.includes(body.type)) return ok(undefined);
  return fail(
    'not-permitted',
    `${operator} may look and not steer: ${body.type} is not permitted`,
    `${operator} may see plans (--dry-run), status, watch, journal, node list and ca list; for the rest use the identity of an operator who may steer`,
  );
}

const hint = 'use the identity file that this coordinator made for the operator';
