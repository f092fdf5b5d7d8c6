import { expect, test } from 'vitest';
import { failureOf } from './failures.ts';

const endpoint = 'https://127.0.77.1:7379';
const openssl = '40AD685BD17F0000:error:0A000412:SSL routines:ssl3_read_bytes:';
const line = ':../deps/openssl/openssl/ssl/record/rec_layer_s3.c:918:';
const last = '14 UNAVAILABLE: No connection established. Last error: ';

// Texts as etcd 3.4.23, etcd 3.5.30, etcd3 and Node gave them.
test.each([
  [`${last}Error: connect ECONNREFUSED 127.0.77.1:7999. Resolution note: `, 'member-unhealthy', true],
  [
    `${last}Error: unable to verify the first certificate; if the root CA is installed locally, try running Node.js with --use-system-ca. Resolution note: `,
    'not-reached',
    false,
  ],
  [`${last}Error: certificate has expired. Resolution note: `, 'not-reached', false],
  [
    `${last}Error [ERR_TLS_CERT_ALTNAME_INVALID]: Hostname/IP does not match certificate's altnames: IP: 127.0.77.1 is not in the cert's list: 127.0.0.9. Resolution note: `,
    'not-reached',
    false,
  ],
  [
    `${last}${openssl}ssl/tls alert bad certificate${line}SSL alert number 42\n (2026-11-24T06:19:57.868Z). Resolution note: `,
    'not-reached',
    false,
  ],
  [
    `${last}${openssl}tlsv1 alert unknown ca${line}SSL alert number 48\n (2026-11-24T06:20:19.176Z). Resolution note: `,
    'not-reached',
    false,
  ],
  [
    `${last}${openssl}tlsv13 alert certificate required${line}SSL alert number 116\n. Resolution note: `,
    'not-reached',
    false,
  ],
  [
    `${last}Error: ${openssl}tlsv1 alert internal error${line}SSL alert number 80\n. Resolution note: `,
    'member-unhealthy',
    true,
  ],
  ['error:05800074:x509 certificate routines::key values mismatch', 'key-mismatch', true],
  ['4 DEADLINE_EXCEEDED: Deadline exceeded after 1.000s,Waiting for LB pick', 'member-unhealthy', true],
  ['2 UNKNOWN: context deadline exceeded', 'member-unhealthy', true],
  ['14 UNAVAILABLE: etcdserver: request timed out', 'member-unhealthy', true],
  ['14 UNAVAILABLE: etcdserver: no leader', 'member-unhealthy', true],
  ['7 PERMISSION_DENIED: etcdserver: permission denied', 'permission-missing', false],
  ['9 FAILED_PRECONDITION: etcdserver: user name not found', 'permission-missing', false],
  ['3 INVALID_ARGUMENT: etcdserver: user name is empty', 'permission-missing', false],
  ['9 FAILED_PRECONDITION: etcdserver: not leader', 'leader-not-moved', true],
  ['2 UNKNOWN: OK: HTTP status code 200; transport: missing content-type field', 'member-unhealthy', true],
])('translates %j', (text, code, retryable) => {
  expect(failureOf(new Error(text), endpoint)).toMatchObject({ code, retryable });
});

test('names the endpoint and leaves out what says nothing to a reader', () => {
  const text = `${last}${openssl}tlsv1 alert unknown ca${line}SSL alert number 48\n (2026-11-24T06:20:19.176Z). Resolution note: `;
  expect(failureOf(new Error(text), endpoint).message).toBe(
    'the client port of the member at 127.0.77.1:7379 refuses this node\'s etcd client: the client-leaf of this node\'s etcd client is of a CA that the member at 127.0.77.1:7379 has not loaded (alert "unknown ca")',
  );
  const deadline =
    '4 DEADLINE_EXCEEDED: Deadline exceeded after 1.000s,LB pick: 0.006s,remote_addr=127.0.77.1:7379';
  expect(failureOf(new Error(deadline), endpoint).message).toBe(
    `${endpoint} does not answer in time: Deadline exceeded after 1.000s`,
  );
});
