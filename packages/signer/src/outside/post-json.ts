import { type ClientRequest, type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import { fail, ok, type Result } from '@etcd-rotate/protocol';

export interface Post {
  url: URL;
  body: string;
  headers?: Record<string, string>;
  /** PEM: who may have signed the server's certificate, instead of those that Node trusts. */
  ca?: string | undefined;
  /** From the first byte sent to the last one received. */
  withinMs?: number;
}

export interface Posted {
  status: number;
  /** Undefined where the answer is no JSON. */
  json: unknown;
}

const mostBytes = 256 * 1024;

/**
 * Asks, once. Redirects are not followed: whoever answers is whom the configuration names, and nobody else gets the token.
 *
 * @returns `outside-signer`, to be tried again where nobody answered
 */
export async function postJson({ withinMs = 10_000, ...post }: Post): Promise<Result<Posted>> {
  const within = AbortSignal.timeout(withinMs);
  try {
    const answer = await send(post, within);
    const text = await textOf(answer);
    return ok({ status: answer.statusCode ?? 0, json: parsed(text) });
  } catch (error) {
    if (within.aborted) return silent(`it did not answer within ${withinMs / 1000} s`, true);
    const { code, message } =
      error instanceof Error
        ? (error as NodeJS.ErrnoException)
        : (new Error(String(error)) as NodeJS.ErrnoException);
    if (error instanceof TooLong) return silent(message, false);
    return silent(`it cannot be asked: ${message || code}`, code !== undefined && away.has(code));
  }
}

/** Nobody there, or not any more; all else, such as a certificate that is not believed, stays as it is until somebody acts. */
const away = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN'],
  ...['ENOTFOUND', 'EAI_AGAIN', 'ECONNABORTED'],
]);

function send(
  { url, body, headers, ca }: Omit<Post, 'withinMs'>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const options = {
    method: 'POST',
    // One connection for one question: a kept one may be closed by the other side while we ask.
    agent: false as const,
    signal,
    headers: {
      ...headers,
      accept: 'application/json',
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    },
  };
  return new Promise((resolve, reject) => {
    const request: ClientRequest =
      url.protocol === 'https:'
        ? requestTls(url, { ...options, minVersion: 'TLSv1.2', ...(ca !== undefined && { ca }) }, resolve)
        : requestPlain(url, options, resolve);
    request.on('error', reject);
    request.end(body);
  });
}

class TooLong extends Error {}

async function textOf(answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    length += part.length;
    // Leaving the loop closes the connection.
    if (length > mostBytes) throw new TooLong(`its answer is longer than ${mostBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function silent(what: string, retryable: boolean): ReturnType<typeof fail> {
  return fail(
    'outside-signer',
    what,
    'see that it runs and can be reached from the coordinator, and that `ca` is who signed its certificate',
    retryable,
  );
}

/** What the other side says is wrong, fit to be shown. */
export function said(words: readonly string[]): string {
  const text = words
    .join('; ')
    .replace(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, 300);
  return text === '' ? 'it does not say why' : `it says: ${text}`;
}

/** Whether the same question may be answered another time: it is busy, sealed, or behind something that is. */
export function mayPass(status: number): boolean {
  return status === 429 || status >= 500;
}
