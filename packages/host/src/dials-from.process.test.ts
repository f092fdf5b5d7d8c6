import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { hostname } from 'node:os';
import { describe, expect, test } from 'vitest';
import { dialsFrom } from './dials-from.ts';
import { loopback } from './own-addresses.fixture.ts';
import { addressesOf, resolvesOf } from './resolves.ts';

describe('the address that connections come from', () => {
  test('is the one that a server sees', async () => {
    const server = createServer((socket) => socket.end()).listen(0, `${loopback}.3`);
    await once(server, 'listening');
    const client = connect((server.address() as AddressInfo).port, `${loopback}.3`);
    const [socket] = await once(server, 'connection');
    const [seen] = [socket.remoteAddress];
    client.destroy();
    await new Promise((closed) => server.close(closed));
    expect(await dialsFrom([`https://${loopback}.3:7380`])).toEqual([seen]);
  });

  test('is told once for many URLs, and for hosts that are names', async () => {
    expect(await dialsFrom([`https://${loopback}.2:7380`, `https://${loopback}.3:7380`])).toEqual([
      '127.0.0.1',
    ]);
    const [own] = await dialsFrom(['https://localhost:2380']);
    expect(['127.0.0.1', '::1']).toContain(own);
  });

  test('is none where there is no way, and where there is nobody to dial', async () => {
    expect(await dialsFrom(['https://no-such-host.invalid:2380'])).toEqual([]);
    expect(await dialsFrom([])).toEqual([]);
  });
});

describe('names of a peer leaf', () => {
  const names = { dns: ['localhost', '*.example.org', 'no-such-host.invalid'], ip: ['127.0.0.1', '::1'] };

  test('are not looked up where the addresses cover where it dials from', async () => {
    expect(await resolvesOf(names, ['127.0.0.1', '::1'])).toBeUndefined();
    expect(await resolvesOf({ ...names, ip: ['0:0::1'] }, ['::1'])).toBeUndefined();
    expect(await resolvesOf(names, [])).toBeUndefined();
  });

  test('are looked up where they do not, unknown ones with no address, and wildcards not at all', async () => {
    const found = await resolvesOf(names, ['10.9.8.7']);
    expect(Object.keys(found ?? {})).toEqual(['localhost', 'no-such-host.invalid']);
    expect(found?.localhost?.some((address) => ['127.0.0.1', '::1'].includes(address))).toBe(true);
    expect(found?.['no-such-host.invalid']).toEqual([]);
  });

  test('are asked for once by all who ask together', async () => {
    const [first, second] = await Promise.all([addressesOf(hostname()), addressesOf(hostname())]);
    expect(second).toEqual(first);
  });
});
