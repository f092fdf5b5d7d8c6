import { type Failure, type FailureCode, fail } from '@etcd-rotate/protocol';

/**
 * What went wrong with a call, in our words: the only place that knows the errors of etcd3, gRPC and Node's TLS.
 * etcd3's errors carry no code, but begin with the one of gRPC (`14 UNAVAILABLE: …`); what is behind it is told only
 * by the text of the last attempt to connect (facts: toolchain, section 7).
 */
export function failureOf(error: unknown, endpoint: string): Failure {
  const text = error instanceof Error ? error.message : String(error);
  const row = table.find(({ when }) => when.test(text)) ?? unknown;
  return fail(row.code, `${endpoint} ${row.says}: ${withoutNoise(text)}`, row.hint, row.retryable ?? false)
    .failure;
}

interface Row {
  when: RegExp;
  code: FailureCode;
  says: string;
  hint: string;
  retryable?: boolean;
}

const alive = 'look at the etcd process and its log on that node';

/** In this order: a text of TLS also stands inside an UNAVAILABLE. */
const table: Row[] = [
  {
    when: /permission denied|user (name )?(is empty|not found)|invalid auth token|7 PERMISSION_DENIED|16 UNAUTHENTICATED/i,
    code: 'permission-missing',
    says: 'does not allow the call',
    hint: 'etcd auth is on: give the user of the CN of the agent\'s client leaf the role "root", which Status, MoveLeader and Snapshot need',
  },
  {
    when: /SSL alert number (4[0-689]|116)\b/,
    code: 'not-reached',
    says: 'refuses our client certificate over TLS',
    hint: "the member has not loaded the CA of the agent's client leaf, or the leaf is out of date",
  },
  {
    when: /SSL alert number/,
    code: 'member-unhealthy',
    says: 'breaks off the TLS handshake',
    hint: 'see whether the key and the certificate of the member belong together and can be read by etcd',
    retryable: true,
  },
  {
    when: /key values mismatch/,
    code: 'key-mismatch',
    says: 'cannot be asked, since the key and the certificate of our client do not belong together',
    hint: 'see the cert and key of `etcdClient` in the agent file',
    retryable: true,
  },
  {
    when: /no start line|PEM routines|bad base64|unsupported::DECODER|DECODER routines/,
    code: 'bad-certificate',
    says: 'cannot be asked, since a file of our client cannot be read',
    hint: 'see the cert, key and ca of `etcdClient` in the agent file',
    retryable: true,
  },
  {
    when: /unable to (verify|get)|self-signed certificate|certificate (signature failure|has expired|is not yet valid|chain)|CERT_|UNABLE_TO_|altnames|does not match certificate/i,
    code: 'not-reached',
    says: 'presents a certificate that we do not trust',
    hint: "see whether the bundle of the agent's client holds the CA of the member's server leaf, and whether the leaf names the host of the endpoint",
  },
  {
    when: /no leader|leader changed|leader is changed|lost leader/i,
    code: 'member-unhealthy',
    says: 'has no leader',
    hint: 'see whether a majority of members runs and whether they can reach each other',
    retryable: true,
  },
  {
    when: /deadline exceeded|timed out/i,
    code: 'member-unhealthy',
    says: 'does not answer in time',
    hint: alive,
    retryable: true,
  },
  {
    when: /not leader/i,
    code: 'leader-not-moved',
    says: 'does not lead, and only the leader can hand over',
    hint: 'nothing is wrong: the lead moved meanwhile; do it again',
    retryable: true,
  },
  {
    when: /14 UNAVAILABLE|ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|socket (closed|disconnected)/i,
    code: 'member-unhealthy',
    says: 'cannot be reached',
    hint: alive,
    retryable: true,
  },
];

const unknown: Omit<Row, 'when'> = {
  code: 'member-unhealthy',
  says: 'failed a call',
  hint: alive,
  retryable: true,
};

/** Time stamps, OpenSSL's source lines and gRPC's diary say nothing to a reader. */
function withoutNoise(text: string): string {
  return text
    .replace(/^\d+ [A-Z_]+: (No connection established\. Last error: )?/, '')
    .replace(/^Error( \[\w+\])?: /, '')
    .replace(/\b[0-9A-F]+:error:[^:]*:[^:]*:[^:]*:([^:]*):[^:]*:\d+:(SSL alert number \d+)\s*/, '$1 ($2)')
    .replace(/\s*\(\d{4}-\d\d-\d\dT[\d:.]+Z\)/g, '')
    .replace(/\.? Resolution note: ?$/, '')
    .replace(/; if the root CA is installed locally.*$/, '')
    .replace(/(Deadline exceeded after [\d.]+s),.*$/, '$1')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 500);
}
