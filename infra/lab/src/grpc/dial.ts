import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, connect } from 'node:http2';

/** Files of a client: what it presents, and whom it trusts. */
export interface ClientFiles {
  cert: string;
  key: string;
  ca: string;
}

/** Their contents at one moment. */
export interface Credentials {
  cert: string;
  key: string;
  ca: string;
}

export function readCredentials({ cert, key, ca }: ClientFiles): Credentials {
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8'), ca: readFileSync(ca, 'utf8') };
}

/**
 * A new connection to one member, verified both ways: with a new TLS session each time, and only once the member has
 * sent its HTTP/2 settings. Under TLS 1.3 a client is connected before the server has judged its certificate.
 */
export function dial(
  endpoint: string,
  credentials: Credentials,
  timeout: number,
): Promise<ClientHttp2Session> {
  return new Promise((resolve, reject) => {
    const session = connect(endpoint, { ...credentials, ALPNProtocols: ['h2'] });
    const timer = setTimeout(() => session.destroy(new Error(`no answer in ${timeout} ms`)), timeout);
    let failure: Error | undefined;
    session.on('error', (error: Error) => {
      failure = error;
    });
    session.once('close', () => {
      clearTimeout(timer);
      reject(failure ?? new Error(`${endpoint} closed the connection`));
    });
    session.once('remoteSettings', () => {
      clearTimeout(timer);
      resolve(session);
    });
  });
}

/** Whether a failed dial says that somebody does not trust somebody, rather than that the member is away. */
export function isRefusal(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^(ERR_SSL|ERR_TLS|UNABLE_|CERT_|SELF_SIGNED|DEPTH_|INVALID_CA)/.test(code);
}
