import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { expect, test } from 'vitest';
import { postJson } from './post-json.ts';

test('what was posted arrives, and what is answered comes back', async () => {
  await using server = await aServer((request, response) => {
    let text = '';
    request.on('data', (part) => {
      text += part;
    });
    request.on('end', () => response.end(JSON.stringify({ text, said: request.headers['x-said'] })));
  });
  const posted = await postJson({ url: server.url, body: '{"ä":1}', headers: { 'x-said': 'yes' } });
  expect(posted).toEqual({ ok: true, value: { status: 200, json: { text: '{"ä":1}', said: 'yes' } } });
});

test('an answer that is no JSON, or of another status, is for the caller to judge', async () => {
  await using server = await aServer((_, response) => response.writeHead(502).end('<html>'));
  expect(await post(server)).toEqual({ ok: true, value: { status: 502, json: undefined } });
});

test('a redirect is not followed, and whoever it leads to is asked for nothing', async () => {
  let asked = 0;
  await using other = await aServer((_, response) => {
    asked += 1;
    response.end('{}');
  });
  await using server = await aServer((_, response) => {
    response.writeHead(307, { location: other.url.href }).end('{}');
  });
  expect(await post(server)).toMatchObject({ value: { status: 307 } });
  expect(asked).toBe(0);
});

test('an answer longer than 256 KiB is refused, whole or without an end', async () => {
  for (const more of [false, true]) {
    await using server = await aServer((_, response) => {
      response.write('x'.repeat(300 * 1024));
      if (!more) response.end();
    });
    expect(await post(server)).toMatchObject({
      failure: {
        code: 'outside-signer',
        message: 'its answer is longer than 262144 bytes',
        retryable: false,
      },
    });
  }
});

test.each<[string, RequestListener]>([
  ['nothing', () => undefined],
  ['a head and no body', (_, response) => response.writeHead(200).flushHeaders()],
  ['half of a body', (_, response) => response.writeHead(200).write('{')],
])('whoever answers %s in time may be asked again', async (_what, listener) => {
  await using server = await aServer(listener);
  expect(await postJson({ url: server.url, body: '{}', withinMs: 200 })).toMatchObject({
    failure: { code: 'outside-signer', message: 'it did not answer within 0.2 s', retryable: true },
  });
});

test('whoever is not there or hangs up may be asked again', async () => {
  const server = await aServer((request) => request.socket.destroy());
  expect(await post(server)).toMatchObject({ failure: { code: 'outside-signer', retryable: true } });
  await server[Symbol.asyncDispose]();
  expect(await post(server)).toMatchObject({
    failure: { message: expect.stringContaining('ECONNREFUSED'), retryable: true },
  });
});

test('what is no HTTP, or no TLS where TLS was wanted, is not asked again', async () => {
  const garbage = createTcpServer((socket) => socket.end('SSH-2.0-x\r\n\r\n'));
  garbage.listen(0, '127.0.0.1');
  await once(garbage, 'listening');
  const address = garbage.address();
  const port = typeof address === 'object' ? address?.port : 0;
  for (const scheme of ['http', 'https']) {
    const posted = await postJson({ url: new URL(`${scheme}://127.0.0.1:${port}`), body: '{}' });
    expect(posted).toMatchObject({ failure: { code: 'outside-signer', retryable: false } });
  }
  garbage.close();
});

interface Server extends AsyncDisposable {
  url: URL;
}

function post({ url }: Server) {
  return postJson({ url, body: '{}' });
}

async function aServer(listener: RequestListener): Promise<Server> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('no port');
  return {
    url: new URL(`http://127.0.0.1:${address.port}/sign`),
    async [Symbol.asyncDispose]() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
