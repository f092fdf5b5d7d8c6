import { once } from 'node:events';
import { createServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { loopback } from './own-addresses.fixture.ts';

export interface TestServer extends AsyncDisposable {
  url: string;
}

/** A port that is no etcd: for what an etcd cannot be brought to do. */
export async function aTlsServer(options: ServerOptions): Promise<TestServer> {
  const server = createServer(options, (_request, response) => response.end('{}'));
  server.listen(0, `${loopback}.1`);
  await once(server, 'listening');
  return {
    url: `https://${loopback}.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
