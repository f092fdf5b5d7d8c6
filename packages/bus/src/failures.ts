import { type Failure, fail } from '@etcd-rotate/protocol';
import type { Addressee } from './bus.ts';

/** The one place that knows the errors of the `nats` package and of TLS below it. */
export function natsFailure(error: unknown, servers: readonly string[]): Failure {
  const { code, text } = read(error);
  const where = servers.join(', ');
  if (code === 'MAX_PAYLOAD_EXCEEDED') {
    return fail('bad-message', `NATS at ${where} takes no message that large`, 'raise max_payload to 4259840')
      .failure;
  }
  if (identityRefused.has(code)) {
    const hint =
      'the identity file must be one that this coordinator made, and nats-server must have its nkey';
    return fail('nats-refused', `NATS at ${where} refuses this identity (${text})`, hint).failure;
  }
  if (code === 'PERMISSIONS_VIOLATION') {
    const hint =
      'nats-server must have the permissions that etcd-rotate-coordinator writes; is the identity file the right one?';
    return fail('nats-refused', `NATS at ${where} does not allow that: ${text}`, hint).failure;
  }
  if (certificateRefused.has(code)) {
    const hint =
      'the server must present a certificate of the CA in the identity file, for the name or address dialled';
    return fail('nats-refused', `the TLS certificate of NATS at ${where} is not accepted: ${text}`, hint)
      .failure;
  }
  if (code === 'SERVER_OPT_NA') {
    return fail(
      'nats-refused',
      `NATS at ${where} does not offer TLS`,
      'set tls in the configuration of nats-server',
    ).failure;
  }
  const hint = 'check that nats-server runs, that servers names it, and that no firewall is in between';
  return fail('nats-away', `NATS at ${where} cannot be reached: ${text}`, hint, true).failure;
}

/** A request without an answer: nobody listens, or somebody does not answer in time. */
export function unanswered(error: unknown, whom: Addressee, servers: readonly string[]): Failure {
  const { code } = read(error);
  if (code === '503')
    return fail(whom.code, `${whom.name} is not connected to NATS`, whom.hint, true).failure;
  if (code === 'TIMEOUT') {
    return fail(whom.code, `${whom.name} did not answer within ${whom.timeoutMs} ms`, whom.hint, true)
      .failure;
  }
  return natsFailure(error, servers);
}

const identityRefused = new Set([
  'AUTHORIZATION_VIOLATION',
  'BAD_AUTHENTICATION',
  'AUTHENTICATION_EXPIRED',
  'BAD_NKEY',
]);

/** As OpenSSL and Node name them. */
const certificateRefused = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_SIGNATURE_FAILURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'TLS',
]);

function read(error: unknown): { code: string; text: string } {
  if (!(error instanceof Error)) return { code: '', text: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  // An AggregateError (several addresses tried) has its sentence inside.
  const inner = error instanceof AggregateError ? error.errors.map(String).join('; ') : '';
  return { code, text: error.message || inner || code };
}
