import { connect } from 'node:net';

/** Whether somebody takes TCP connections on `host:port`. */
export async function accepts(listen: string): Promise<boolean> {
  const at = listen.lastIndexOf(':');
  const host = listen.slice(0, at).replace(/^\[|\]$/g, '');
  const port = Number(listen.slice(at + 1));
  const taken = await Promise.all((everywhere[host] ?? [host]).map((dialled) => connects(dialled, port)));
  return taken.includes(true);
}

function connects(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1000 });
    const answer = (taken: boolean): void => {
      socket.destroy();
      resolve(taken);
    };
    socket.once('connect', () => answer(true));
    socket.once('timeout', () => answer(false));
    socket.once('error', () => answer(false));
  });
}

/** Addresses to listen on that are not addresses to dial. Without IPv6, a server on :: listens on IPv4 alone. */
const everywhere: Record<string, string[]> = { '0.0.0.0': ['127.0.0.1'], '::': ['::1', '127.0.0.1'] };
