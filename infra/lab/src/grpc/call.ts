// gRPC over node:http2. The load is written to this instead of a gRPC library because a library decides by itself which
// connection a call takes, when it dials again and with which back-off, and exactly that is to be known here.

import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
} from 'node:http2';
import { decode, type Message } from './wire.ts';

export class CallFailed extends Error {
  override readonly name = 'CallFailed';
}

/** One request, one response. */
export function call(
  session: ClientHttp2Session,
  { path, body, timeout }: { path: string; body: Buffer; timeout: number },
): Promise<Message> {
  return new Promise((resolve, reject) => {
    const answers: Message[] = [];
    const stream = open(session, path, {
      onMessage: (message) => answers.push(message),
      onEnd: (failure) => {
        clearTimeout(timer);
        const [answer] = answers;
        if (failure) reject(failure);
        else if (answer) resolve(answer);
        else reject(new CallFailed('ended without an answer'));
      },
    });
    const timer = setTimeout(() => {
      cancel(stream);
      reject(new CallFailed(`no answer in ${timeout} ms`));
    }, timeout);
    stream.end(frame(body));
  });
}

export interface StreamEvents {
  onMessage(message: Message): void;
  /** Once, however it ends; without a failure only where the server ended it with status 0. */
  onEnd(failure: CallFailed | undefined): void;
}

/** A stream in both directions; write with `frame`. */
export function open(
  session: ClientHttp2Session,
  path: string,
  { onMessage, onEnd }: StreamEvents,
): ClientHttp2Stream {
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    // A member that lost its leader ends a watch instead of keeping it silent.
    hasleader: 'true',
  });
  let headers: IncomingHttpHeaders = {};
  let pending: Buffer = Buffer.alloc(0);
  let failure: Error | undefined;
  stream.on('response', (received) => {
    headers = { ...headers, ...received };
  });
  stream.on('trailers', (received) => {
    headers = { ...headers, ...received };
  });
  stream.on('data', (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    for (let length = lengthOf(pending); length !== undefined; length = lengthOf(pending)) {
      const body = pending.subarray(5, 5 + length);
      pending = pending.subarray(5 + length);
      onMessage(decode(body));
    }
  });
  stream.on('error', (error) => {
    failure = error;
  });
  stream.on('close', () => {
    const status = headers['grpc-status'];
    if (status === '0') return onEnd(undefined);
    const reason =
      status === undefined
        ? (failure?.message ?? `closed without a status (HTTP ${headers[':status'] ?? 'none'})`)
        : `status ${status}: ${decodeURIComponent(String(headers['grpc-message'] ?? ''))}`;
    onEnd(new CallFailed(reason));
  });
  return stream;
}

/** Tells the server that nobody waits any more. */
export function cancel(stream: ClientHttp2Stream): void {
  stream.close(constants.NGHTTP2_CANCEL);
}

export function frame(body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

/** The length of the message at the front, when all of it is there. */
function lengthOf(pending: Buffer): number | undefined {
  if (pending.length < 5) return undefined;
  const length = pending.readUInt32BE(1);
  return pending.length >= 5 + length ? length : undefined;
}
