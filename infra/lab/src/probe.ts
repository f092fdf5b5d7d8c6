// What a port shows and whom it lets in, each by a handshake of its own: no pooled connection and no resumed session,
// both of which hide a change.

import { X509Certificate } from 'node:crypto';
import { connect, type PeerCertificate, type TLSSocket } from 'node:tls';

export interface Port {
  host: string;
  port: number;
}

/** PEM contents. */
export interface KeyPair {
  cert: string;
  key: string;
}

export interface Presented {
  /** SHA-256 of the DER in lower-case hex. */
  fingerprint: string;
  subject: string;
  issuer: string;
}

/** The leaf that a port presents now. */
export async function presented(port: Port): Promise<Presented> {
  // The server's part of a handshake needs no client certificate, so this looks the same at every stage.
  const socket = await handshake(port, {});
  const certificate = socket.getPeerCertificate() as PeerCertificate | Record<string, never>;
  socket.destroy();
  if (!certificate.raw) throw new Error(`${port.host}:${port.port} presented no certificate`);
  const { fingerprint256, subject, issuer } = new X509Certificate(certificate.raw);
  return {
    fingerprint: fingerprint256.replaceAll(':', '').toLowerCase(),
    subject: commonName(subject),
    issuer: commonName(issuer),
  };
}

export type Verdict =
  | { verdict: 'accepted' }
  /** By a TLS alert: somebody looked at the certificate. */
  | { verdict: 'refused'; alert: string }
  /** Neither, such as a closed port or a bare close. */
  | { verdict: 'unclear'; reason: string };

/**
 * Whether a port accepts a leaf: it is asked for `/version`, because under TLS 1.3 a client is connected before the
 * server has judged it.
 *
 * @param from the address to dial from; a peer port wants one that is in the leaf
 */
export async function tryLeaf(port: Port, pair: KeyPair, from?: string): Promise<Verdict> {
  try {
    const socket = await handshake(port, { ...pair, ...(from && { localAddress: from }) });
    const answer = await firstBytes(
      socket,
      `GET /version HTTP/1.1\r\nHost: ${port.host}\r\nConnection: close\r\n\r\n`,
    );
    if (answer.startsWith('HTTP/1.')) return { verdict: 'accepted' };
    return { verdict: 'unclear', reason: answer ? 'an answer that is not HTTP' : 'closed without an answer' };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const alert = /^ERR_SSL_.*?ALERT_(.+)$/.exec(code)?.[1];
    if (alert) return { verdict: 'refused', alert: alert.toLowerCase().replaceAll('_', ' ') };
    return { verdict: 'unclear', reason };
  }
}

const timeout = 5_000;

function handshake(port: Port, options: Partial<KeyPair> & { localAddress?: string }): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    // Not verified: these questions are about the port, also one that nobody may trust.
    const socket = connect({ ...port, ...options, rejectUnauthorized: false });
    socket.setTimeout(timeout, () => socket.destroy(new Error(`no answer in ${timeout} ms`)));
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

function firstBytes(socket: TLSSocket, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('data', (bytes: Buffer) => {
      resolve(bytes.toString('latin1'));
      socket.destroy();
    });
    socket.once('close', () => resolve(''));
    socket.write(request);
  });
}

/** The common name of a name as node:crypto writes it, one attribute a line. */
export function commonName(name: string): string {
  return /^CN=(.*)$/m.exec(name)?.[1] ?? name.replaceAll('\n', ', ');
}
