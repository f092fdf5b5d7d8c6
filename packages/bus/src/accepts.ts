import { connect } from 'node:net';

/** Whether somebody takes TCP connections on `host:port`. */
export function accepts(listen: string): Promise<boolean> {
  const at = listen.lastIndexOf(':');
  const host = listen.slice(0, at).replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    const socket = connect({
      host: everywhere[host] ?? host,
      port: Number(listen.slice(at + 1)),
      timeout: 1000,
    });
    const answer = (taken: boolean): void => {
      socket.destroy();
      resolve(taken);
    };
    socket.once('connect', () => answer(true));
    socket.once('timeout', () => answer(false));
    socket.once('error', () => answer(false));
  });
}

/** Addresses to listen on that are not addresses to dial. */
const everywhere: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
