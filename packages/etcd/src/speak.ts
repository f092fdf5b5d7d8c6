import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import {
  type ConnectionOptions,
  connect,
  createSecureContext,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { revealed } from './key-pair.ts';
import { type Presented, presentedBy } from './presented.ts';
import { reasonOf, type Spoken, whatWentWrong } from './spoken.ts';
import type { Target } from './target.ts';

export interface Conversation {
  version: 'TLSv1.2' | 'TLSv1.3';
  request: string;
  /** Whether the text so far is all that is needed; else it is what came before the end. */
  enough(text: string): boolean;
  timeoutMs: number;
}

/**
 * One TLS connection that shares nothing with any other: no session, so that a full handshake shows the leaf served now
 * (facts: etcd, section 9), and no ALPN, since the peer port of 3.4 breaks on h2. It settles on whatever comes first.
 */
export function speak(to: Target, how: Conversation): Promise<Spoken> {
  return new Promise((resolve) => {
    let socket: TLSSocket;
    try {
      socket = connect(optionsFor(to, how));
    } catch (error) {
      resolve({ type: 'unusable', reason: reasonOf(error) });
      return;
    }
    let from: string | undefined;
    const settle = (spoken: Spoken) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(spoken.type === 'closed' && from !== undefined ? { ...spoken, from } : spoken);
    };
    const late = { type: 'unreachable', reason: `no answer within ${Math.round(how.timeoutMs)} ms` } as const;
    const timer = setTimeout(() => settle(late), how.timeoutMs);

    let presented: Presented | undefined;
    let text = '';
    // Afterwards it is not known any more.
    socket.on('connect', () => {
      from = socket.localAddress;
    });
    socket.on('error', (error) => settle(whatWentWrong(error)));
    socket.on('secureConnect', () => {
      if (socket.isSessionReused())
        return settle({ type: 'unreachable', reason: 'a TLS session was resumed' });
      presented = presentedBy(socket);
      if (!presented) return settle({ type: 'server-broken', alert: 'the server sent no certificate' });
      const error = socket.authorizationError as Error | string | null;
      if (to.ca !== 'any' && error)
        return settle({ type: 'untrusted', reason: reasonOf(error), ...presented });
      // A write that meets a reset would hide the alert, so with TLS 1.3 nothing is written before the server has judged.
      void judged(socket, how).then(() => socket.destroyed || socket.write(how.request));
    });
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1');
      if (presented && how.enough(text)) settle({ type: 'answered', text, ...presented });
    });
    const over = () =>
      settle(presented && text ? { type: 'answered', text, ...presented } : { type: 'closed' });
    socket.on('end', over);
    socket.on('close', over);
  });
}

function optionsFor(to: Target, how: Conversation): ConnectionOptions {
  const url = new URL(to.url);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return {
    host,
    port: Number(url.port || 443),
    // Names of IP addresses are not sent (RFC 6066); the identity is checked against `host` then.
    ...(isIP(host) === 0 && { servername: host }),
    ...(to.localAddress !== undefined && { localAddress: to.localAddress }),
    secureContext: contextFor(to, how.version),
    // Judged here, so that what an untrusted server presents can be told.
    rejectUnauthorized: false,
  };
}

const contexts = new Map<string, SecureContext>();
const keepContexts = 50;

/**
 * Files read and keys parsed once for each pair, bundle and version. A context is no session: every connection made with
 * it is a full handshake, which is checked as well.
 */
function contextFor({ ca, cert, key }: Target, version: Conversation['version']): SecureContext {
  const secret = key === undefined ? undefined : revealed(key);
  const name = createHash('sha256')
    .update(JSON.stringify([version, ca, cert, secret]))
    .digest('hex');
  const known = contexts.get(name);
  if (known) return known;
  const made = createSecureContext({
    ...(cert !== undefined && { cert }),
    ...(secret !== undefined && { key: secret }),
    // An empty list, where anybody is trusted: Node would load its public roots otherwise.
    ca: ca === 'any' ? [] : ca,
    // As Go and so etcd: every certificate of a bundle is a trust anchor (facts: etcd, section 9).
    allowPartialTrustChain: true,
    minVersion: version,
    maxVersion: version,
  });
  contexts.set(name, made);
  for (const old of [...contexts.keys()].slice(0, -keepContexts)) contexts.delete(old);
  return made;
}

/**
 * Waits until the server has judged our certificate. With TLS 1.2 its verdict is part of the handshake. With TLS 1.3 a
 * session ticket follows it; for servers that send none, a little time has to do.
 */
function judged(socket: TLSSocket, how: Conversation): Promise<void> {
  if (how.version === 'TLSv1.2') return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(done, Math.min(250, how.timeoutMs / 2));
    // Not at once: OpenSSL is still reading then, and a write from within would be lost.
    socket.once('session', () => setImmediate(done));
    socket.once('close', done);
  });
}
