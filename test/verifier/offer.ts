import type { TcpNetConnectOpts } from 'node:net';
import { type ConnectionOptions, connect } from 'node:tls';
import type { Shown } from './case.ts';

/** Whether a verifier took what it was shown, and how that was seen. */
export interface Verdict {
  accepted: boolean;
  how: string;
}

/**
 * Shows a chain to a listener of an etcd. TLS 1.2, in which the server judges within the handshake, and any key and
 * signature that our own OpenSSL can make, however weak. etcd's own rules end in a bare close (facts: etcd, section 9).
 */
export function offer({ chain, key }: Shown, to: { url: string; from: string }): Promise<Verdict> {
  const { hostname: host, port } = new URL(to.url);
  return new Promise((resolve, reject) => {
    const options: ConnectionOptions & TcpNetConnectOpts = {
      host,
      port: Number(port),
      localAddress: to.from,
      cert: chain.join(''),
      key,
      rejectUnauthorized: false,
      maxVersion: 'TLSv1.2',
      ciphers: 'DEFAULT@SECLEVEL=0',
    };
    const socket = connect(options);
    const late = setTimeout(() => reject(new Error(`${to.url} says nothing`)), 20_000);
    const settle = (verdict: Verdict) => {
      clearTimeout(late);
      socket.destroy();
      resolve(verdict);
    };
    socket.once('secureConnect', () => socket.write('GET /version HTTP/1.1\r\nHost: etcd\r\n\r\n'));
    socket.once('data', (answer) => {
      const [line = ''] = answer.toString('latin1').split('\r\n');
      settle({ accepted: line.startsWith('HTTP/1.1 200'), how: line });
    });
    socket.once('error', (error: Error & { code?: string }) => {
      if (error.code === 'ECONNREFUSED') reject(error);
      else settle({ accepted: false, how: error.message });
    });
    socket.once('close', () => settle({ accepted: false, how: 'closed without a word' }));
  });
}
