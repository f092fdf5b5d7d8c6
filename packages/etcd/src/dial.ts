import { converse } from './converse.ts';
import type { Presented } from './presented.ts';
import type { Spoken } from './spoken.ts';
import type { Target } from './target.ts';

export type Dialled =
  /** The server took our certificate (if it asked for one) and answered a request. */
  | ({ type: 'accepted'; status: number } & Presented)
  /** A TLS alert that rejects our certificate; for its dates, it says nothing about who is trusted. */
  | { type: 'refused'; alert: string; becauseOfDates: boolean }
  /** We do not trust the server: its chain, name or dates, with Node's code. */
  | ({ type: 'untrusted'; reason: string } & Presented)
  /** An alert about something else, as when the server's own key and certificate do not match. */
  | { type: 'server-broken'; alert: string }
  /**
   * Closed or reset without a word: proves nothing. A SAN or CRL refusal looks like that (facts: etcd, section 9). With the
   * address that it was dialled from.
   */
  | { type: 'closed'; from?: string }
  /** Our own pair or bundle is not fit to dial with: nobody was asked. */
  | { type: 'unusable'; reason: string }
  | { type: 'unreachable'; reason: string };

/**
 * Dials a port once and says how it went. The verdict is that of the status line: a handshake that succeeds may still be
 * followed by a refusal, and a peer port may answer without closing (facts: etcd, section 9).
 */
export async function dial({ timeoutMs, ...to }: Target & { timeoutMs: number }): Promise<Dialled> {
  const request = `GET /version HTTP/1.1\r\nHost: ${new URL(to.url).host}\r\nConnection: close\r\n\r\n`;
  const enough = (text: string) => text.includes('\r\n');
  return dialled(await converse(to, { request, enough, timeoutMs }));
}

function dialled(spoken: Spoken): Dialled {
  switch (spoken.type) {
    case 'answered': {
      const { text, ...answered } = spoken;
      const status = /^HTTP\/1\.[01] (\d{3})\b/.exec(text)?.[1];
      return status === undefined
        ? { type: 'unreachable', reason: 'what answers does not speak HTTP/1.1' }
        : { ...answered, type: 'accepted', status: Number(status) };
    }
    case 'no-common-ground':
      return { type: 'server-broken', alert: spoken.alert };
    case 'refused':
    case 'untrusted':
    case 'server-broken':
    case 'closed':
    case 'unusable':
    case 'unreachable':
      return spoken;
  }
}
