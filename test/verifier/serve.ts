import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import type { Case } from './case.ts';
import { here } from './case.ts';
import type { Verdict } from './offer.ts';

/** A TLS server that shows the chain of a case to who dials it. */
export interface Server extends Disposable {
  /** By the host that the case is about. */
  url: string;
  /** What the first who dials makes of it. */
  verdict: Promise<Verdict>;
}

/** Whoever sends a request has accepted the server; whoever has not says so by an alert. */
export async function serve({ shows, at = here }: Case): Promise<Server> {
  const { promise: verdict, resolve } = Promise.withResolvers<Verdict>();
  const server = createServer({
    cert: shows.chain.join(''),
    key: shows.key,
    ciphers: 'DEFAULT@SECLEVEL=0',
  });
  server.on('secureConnection', (socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', (request) => {
      resolve({ accepted: true, how: request.toString('latin1').split('\r\n')[0] ?? '' });
      socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    });
  });
  server.on('tlsClientError', (error) => resolve({ accepted: false, how: error.message }));
  await new Promise<void>((listening) => server.listen(0, here, listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://${at}:${port}`,
    verdict,
    [Symbol.dispose]: () => {
      server.close();
    },
  };
}
