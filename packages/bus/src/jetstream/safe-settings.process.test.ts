import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { aNats, value } from '../nats.fixture.ts';
import { checkSafeSettings } from './safe-settings.ts';

test('a nats-server with the configuration that we print is safe', async () => {
  using nats = await aNats({ jetStream: true });
  await using _server = value(await nats.start());
  expect(await checkSafeSettings([nats.monitoring], ['tls://one'])).toMatchObject({ ok: true });
});

test('a server that cannot be asked is unsafe, and so is one whose endpoint nobody named', async () => {
  const unsafe = { ok: false, failure: { code: 'nats-unsafe' } };
  using nats = await aNats({ jetStream: true });
  expect(await checkSafeSettings([nats.monitoring], ['tls://one'])).toMatchObject(unsafe);
  await using _server = value(await nats.start());
  expect(await checkSafeSettings([], ['tls://one'])).toMatchObject(unsafe);
  expect(await checkSafeSettings([nats.monitoring], ['tls://one', 'tls://two'])).toMatchObject(unsafe);
});

test('an answer that is not one of a nats-server is unsafe', async () => {
  const server = createServer((_request, response) => response.end('<html>')).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  expect(await checkSafeSettings([`http://127.0.0.1:${port}`], ['tls://one'])).toMatchObject({
    ok: false,
    failure: { code: 'nats-unsafe' },
  });
  server.close();
});
