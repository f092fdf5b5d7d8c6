import { type Failure, type FailureCode, fail } from '@etcd-rotate/protocol';
import { explainRefusal } from './explain-refusal.ts';
import type { Handshake, Seen } from './handshake.ts';
import { whatWentWrong } from './spoken.ts';

/** With what a call was made. */
interface CalledWith {
  ca: string;
  cert: string;
}

/**
 * What went wrong with a call, in our words: the only place that knows the errors of etcd3, gRPC and Node's TLS.
 * etcd3's errors carry no code, but begin with the one of gRPC (`14 UNAVAILABLE: …`); what is behind it is told only
 * by the text of the last attempt to connect (facts: toolchain, section 7).
 */
export function failureOf(error: unknown, endpoint: string, as?: CalledWith): Failure {
  const text = error instanceof Error ? error.message : String(error);
  const row = table.find(({ when }) => when.test(text)) ?? unknown;
  const { code, hint, says, retryable = false } = row;
  const seen = row.handshake?.(text);
  if (seen) return refusedOver({ ...handshakeWith(endpoint, as), seen }, { code, retryable });
  return fail(code, `${endpoint} ${says}: ${withoutNoise(text)}`, hint, retryable).failure;
}

function refusedOver(
  handshake: Handshake,
  { code, retryable }: Pick<Failure, 'code' | 'retryable'>,
): Failure {
  const { sentence, refusal } = explainRefusal(handshake, Date.now());
  return fail(code, sentence, refusal.fix, retryable).failure;
}

/** A call goes to a client port, as the client of whoever calls. */
function handshakeWith(url: string, as: CalledWith | undefined): Omit<Handshake, 'seen'> {
  const dialler = "this node's etcd client";
  const leaf = { cert: as?.cert ?? '', role: 'own' } as const;
  return { domain: 'client', url, dialler, bundle: as?.ca ?? '', leaf };
}

interface Row {
  when: RegExp;
  code: FailureCode;
  says: string;
  hint: string;
  retryable?: boolean;
  /** Where it is one of TLS, which says and advises more than the row itself. */
  handshake?(text: string): Seen | undefined;
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
    handshake: alerted,
  },
  {
    when: /SSL alert number/,
    code: 'member-unhealthy',
    says: 'breaks off the TLS handshake',
    hint: 'see whether the key and the certificate of the member belong together and can be read by etcd',
    retryable: true,
    handshake: alerted,
  },
  {
    when: /key values mismatch/,
    code: 'key-mismatch',
    says: 'cannot be asked, since the key and the certificate of our client do not belong together',
    hint: 'see the cert and key of `etcdClient` in the agent file',
    retryable: true,
    handshake: (text) => ({ type: 'unusable', reason: withoutNoise(text) }),
  },
  {
    when: /no start line|PEM routines|bad base64|unsupported::DECODER|DECODER routines/,
    code: 'bad-certificate',
    says: 'cannot be asked, since a file of our client cannot be read',
    hint: 'see the cert, key and ca of `etcdClient` in the agent file',
    retryable: true,
    handshake: (text) => ({ type: 'unusable', reason: withoutNoise(text) }),
  },
  {
    when: /unable to (verify|get)|self[- ]signed certificate|certificate (signature failure|has expired|is not yet valid|chain)|certificate purpose|CERT_|UNABLE_TO_|altnames|does not match certificate/i,
    code: 'not-reached',
    says: 'presents a certificate that we do not trust',
    hint: "see whether the bundle of the agent's client holds the CA of the member's server leaf, and whether the leaf names the host of the endpoint",
    // Nothing of what it presents comes through gRPC.
    handshake: (text) => ({ type: 'untrusted', reason: withoutNoise(text), chain: [] }),
  },
  {
    when: /ECONNRESET|socket disconnected before secure/i,
    code: 'member-unhealthy',
    says: 'closes without a word',
    hint: 'see whether the etcd process on that node runs; if it does, a CRL may hold the serial of our client leaf, or cannot be read: the line "rejected connection" in its log tells',
    retryable: true,
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
    when: /14 UNAVAILABLE|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|socket (closed|disconnected)/i,
    code: 'member-unhealthy',
    says: 'cannot be reached',
    hint: alive,
    retryable: true,
  },
];

function alerted(text: string): Seen | undefined {
  const spoken = whatWentWrong(new Error(text));
  switch (spoken.type) {
    case 'refused':
    case 'server-broken':
      return spoken;
    case 'no-common-ground':
      return { type: 'server-broken', alert: spoken.alert };
    case 'answered':
    case 'untrusted':
    case 'closed':
    case 'unusable':
    case 'unreachable':
      return undefined;
  }
}

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
