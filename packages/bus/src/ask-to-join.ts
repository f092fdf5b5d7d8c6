import {
  type JoinReply,
  type JoinRequest,
  type PublicKey,
  type Result,
  type Secret,
  subjects,
} from '@etcd-rotate/protocol';
import { isRefusal, readAck } from './ack.ts';
import type { Bus } from './bus.ts';
import { decode, encode } from './codec.ts';
import type { JoinToken } from './join-token.ts';
import { publicKeyOf, sign } from './signing.ts';
import { theCoordinator } from './the-coordinator.ts';
import { tokenClaim } from './token-claim.ts';

export interface Joiner {
  /** The same id for the same keys: asked again after a lost answer, it is let in once. */
  id: string;
  nkey: string;
  /** Its new signing key. */
  signingKey: Secret;
  publicKey: PublicKey;
  now: Date;
}

/** The node's side: shows the token for the keys it has made, and believes the coordinator whose key the token has. */
export async function askToJoin(
  bus: Bus,
  token: JoinToken,
  { id, nkey, signingKey, publicKey, now }: Joiner,
): Promise<Result<Extract<JoinReply['outcome'], { ok: true }>>> {
  const { fleet, node } = token;
  const claim = { fleet, node, nkey, publicKey };
  const request: JoinRequest = {
    v: 1,
    id,
    ...claim,
    issuedAt: now.toISOString(),
    expiresAt: new Date(now.getTime() + livesMs).toISOString(),
    trusts: token.coordinatorKey,
    token: publicKeyOf(token.key),
    proof: sign('token', tokenClaim(claim), token.key),
  };
  const envelope = encode('join', request, signingKey);
  if (!envelope.ok) return envelope;
  const whom = theCoordinator(waitMs);
  const answer = await bus.request(subjects.join(fleet), { ...envelope.value, from: node }, whom);
  if (!answer.ok) return answer;
  if (isRefusal(answer.value)) {
    const refused = readAck(answer.value);
    if (!refused.ok) return refused;
  }
  const reply = decode('join-reply', answer.value, token.coordinatorKey);
  if (!reply.ok) return reply;
  const { outcome } = reply.value;
  return outcome.ok ? { ok: true, value: outcome } : outcome;
}

const livesMs = 60_000;
const waitMs = 15_000;
