import { connect as connectTcp, isIP } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { certificateFromDer, sayName } from '@etcd-rotate/pki';
import type { Fingerprint } from '@etcd-rotate/protocol';
import { type ServerHello, serverHelloReader } from './server-hello.ts';
import type { Target } from './target.ts';

/** What a port tells anybody, whether it lets him in or not. */
export interface Greeting {
  /** The leaf that a fresh connection is shown. */
  served?: Fingerprint;
  /**
   * The subjects of the CAs that the running process has loaded and accepts leaves of, as `CertificateFacts` says them
   * (facts: etcd, section 0, fact 2). Nothing where it asks for no certificate.
   */
  listed?: string[];
}

/**
 * Begins a handshake with a port and reads the list of CAs that it announces, without a credential and without ending
 * it. Node does not hand that list out, so what the server sends is read on its way, in TLS 1.2 at most: there it is
 * not encrypted. A port that speaks TLS 1.3 alone, or breaks off, or does not answer in time, tells nothing.
 */
export function acceptableIssuers({ url, localAddress, timeoutMs }: Where): Promise<Greeting> {
  return new Promise((resolve) => {
    const { host, port } = placeOf(url);
    const socket = connectTcp({ host, port, ...(localAddress !== undefined && { localAddress }) });
    const settle = (hello: ServerHello | undefined) => {
      clearTimeout(timer);
      tls.destroy();
      socket.destroy();
      resolve(hello ? inWords(hello) : {});
    };
    const timer = setTimeout(() => settle(undefined), timeoutMs);
    const read = serverHelloReader();
    const between = new Duplex({
      read: () => socket.resume(),
      write: (bytes: Buffer, _encoding, written) => void socket.write(bytes, written),
      final: (done) => void socket.end(done),
    });
    const tls = connectTls({
      socket: between,
      // Names of IP addresses are not sent (RFC 6066).
      ...(isIP(host) === 0 && { servername: host }),
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.2',
      // Nobody is trusted and nothing is said to it: only looked at.
      rejectUnauthorized: false,
    });
    socket.on('data', (bytes: Buffer) => {
      const heard = read(bytes);
      if (heard.type !== 'more') return settle(heard.type === 'done' ? heard.hello : undefined);
      if (!between.push(bytes)) socket.pause();
    });
    for (const side of [socket, between, tls]) side.on('error', () => settle(undefined));
    for (const event of ['end', 'close']) socket.on(event, () => settle(undefined));
  });
}

type Where = Pick<Target, 'url' | 'localAddress'> & { timeoutMs: number };

function placeOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 443) };
}

function inWords({ chain, issuers }: ServerHello): Greeting {
  const [der] = chain;
  const leaf = der ? certificateFromDer(der) : undefined;
  const listed = issuers ? said(issuers) : undefined;
  return {
    ...(leaf?.ok && { served: leaf.value.facts.fingerprint }),
    ...(listed && { listed }),
  };
}

/** All of them or none: half a list would say that a CA is not loaded. */
function said(names: readonly Buffer[]): string[] | undefined {
  try {
    return names.map(sayName);
  } catch {
    return undefined;
  }
}
