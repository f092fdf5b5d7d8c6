import { fail, ok, type Result } from '@etcd-rotate/protocol';
import { converse } from './converse.ts';
import type { Target } from './target.ts';

/** What a path of an etcd port says, over a connection made for it. */
export async function fetchText({
  path,
  timeoutMs,
  ...to
}: Target & { path: string; timeoutMs: number }): Promise<Result<string>> {
  // Asked for in HTTP/1.0, the answer comes in one piece and ends with the connection.
  const request = `GET ${path} HTTP/1.0\r\nHost: ${new URL(to.url).host}\r\nAccept-Encoding: identity\r\n\r\n`;
  const spoken = await converse(to, { request, enough: () => false, timeoutMs });
  if (spoken.type !== 'answered') {
    const why = 'reason' in spoken ? spoken.reason : 'alert' in spoken ? spoken.alert : 'without a word';
    return unread(`${to.url}${path} cannot be read: ${spoken.type}: ${why}`);
  }
  const [head = '', ...body] = spoken.text.split('\r\n\r\n');
  if (!/^HTTP\/1\.\d 200\b/.test(head)) return unread(`${to.url}${path} answers ${head.split('\r\n')[0]}`);
  return ok(body.join('\r\n\r\n'));
}

function unread(message: string): Result<never> {
  return fail('not-reached', message, 'look at the etcd log on that node', true);
}
