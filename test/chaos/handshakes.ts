import { connect } from 'node:tls';
import type { MemberFiles } from './holder-files.ts';

export type Handshake =
  | { type: 'accepted' }
  /** Somebody looked at a certificate and did not want it. */
  | { type: 'refused'; reason: string }
  /** Nobody is there, or says nothing. */
  | { type: 'away'; reason: string };

export interface Dial {
  host: string;
  port: number;
  /** Whose address it comes from, where that counts. */
  from?: string;
  files: MemberFiles;
  /** What is asked for; `/version` unless said. */
  path?: string;
  /** What the answer must have in it. */
  wanted?: string;
}

/** A full handshake, both sides verifying, and a request: under TLS 1.3 the server judges after the client is connected. */
export function shakeHands({
  host,
  port,
  from,
  files,
  path = '/version',
  wanted = '',
}: Dial): Promise<Handshake> {
  return new Promise((resolve) => {
    const socket = connect({
      host,
      port,
      ...files,
      // Its own address is all that a member is called by here.
      servername: '',
      ...(from !== undefined && { localAddress: from }),
    });
    const timer = setTimeout(() => end({ type: 'away', reason: 'no answer' }), 1_500);
    const end = (handshake: Handshake): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(handshake);
    };
    socket.once('secureConnect', () => socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`));
    socket.once('data', (bytes) => {
      const said = bytes.toString('latin1');
      end(said.includes(wanted) ? { type: 'accepted' } : { type: 'away', reason: said });
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const reason = `${error.code ?? ''} ${error.message}`.trim();
      end({ type: isRefusal(error.code ?? '') ? 'refused' : 'away', reason });
    });
    socket.once('close', () => end({ type: 'away', reason: 'closed without a word' }));
  });
}

/** An alert or a failed verification; everything else says nothing about certificates. */
function isRefusal(code: string): boolean {
  return /^(ERR_SSL|ERR_TLS|UNABLE_|CERT_|SELF_SIGNED|DEPTH_|INVALID_CA)/.test(code);
}
