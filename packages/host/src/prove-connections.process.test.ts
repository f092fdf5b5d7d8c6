import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { loopback } from './own-addresses.fixture.ts';
import { connectionsTo } from './processes.ts';
import { proveConnectionsRenewed } from './prove-connections.ts';

/** A member's port, and connections of this very process to it. */
async function aMember() {
  const server = createServer((socket) => socket.on('end', () => socket.destroy()));
  server.listen(0, `${loopback}.7`);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const urls = [`https://${loopback}.7:${port}`];
  const sockets: Socket[] = [];
  return {
    open: async () => {
      const socket = connect(port, `${loopback}.7`);
      sockets.push(socket);
      await once(socket, 'connect');
      return socket;
    },
    seen: () => connectionsTo(process.pid, urls),
    look: (before: ReadonlySet<string>) =>
      proveConnectionsRenewed({ where: 'client/api', pid: process.pid, urls, before, deadlineMs: 0 }),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

test('a connection that was opened since, and none from before, is the proof', async () => {
  await using member = await aMember();
  const old = await member.open();
  const before = await member.seen();
  old.destroy();
  await once(old, 'close');
  await member.open();
  expect(await member.look(before)).toMatchObject([{ verdict: 'proven' }]);
});

test('without any connection nothing is proven, whether there was one before or not', async () => {
  await using member = await aMember();
  for (const before of [new Set<string>(), new Set(['1'])]) {
    expect(await member.look(before)).toMatchObject([
      {
        verdict: 'not-provable',
        detail: expect.stringContaining('no connection of it to a member was seen'),
      },
    ]);
  }
});

test('a connection from before disproves it, also beside new ones', async () => {
  await using member = await aMember();
  await member.open();
  const before = await member.seen();
  expect(await member.look(before)).toMatchObject([{ verdict: 'disproven' }]);
  await member.open();
  expect(await member.look(before)).toMatchObject([
    { verdict: 'disproven', detail: '1 connections to members were opened since, 1 are from before' },
  ]);
});
