import { existsSync, readFileSync } from 'node:fs';
import { rm, utimes, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { carryOut } from './carry-out.ts';
import { aCa } from './certificates.fixture.ts';
import { unwrap } from './folder.fixture.ts';
import { installSlots, restoreSlots } from './install-slots.ts';
import { momentNow, ticksNow } from './moment.ts';
import { aChange, aCommand, aNode, printsOf, type TestNode, theWork } from './node.fixture.ts';
import { holderOf, type Node } from './node.ts';
import { observeNode } from './observe-node.ts';
import { loopback } from './own-addresses.fixture.ts';
import { processOf } from './process-of.ts';
import { connectionsTo } from './processes.ts';
import { runCommand } from './run-command.ts';

// Changes on clients: processes that read a bundle when they start, as an apiserver does.

/** Starts a process that runs on with a connection to a member, unless it finds two CAs in its bundle and was told not to bear that. */
const service = `
stop() { pid=$(cat api.pid 2>/dev/null) || return 0; kill -9 "$pid" 2>/dev/null; rm -f api.pid; }
start() {
  if [ -f picky ] && [ "$(grep -c BEGIN api/ca.crt)" -gt 1 ]; then echo "bad bundle"; return 1; fi
  setsid bash -c "exec 3<>/dev/tcp/$(cat member); exec sleep 60" >/dev/null 2>&1 </dev/null &
  echo $! >api.pid
}
cd "$(dirname "$0")" || exit 1
case $1 in start) start ;; stop) stop ;; restart) stop; start ;; esac
`;

/** What a client of a member connects to: to be seen, a connection needs no TLS. */
async function aListener(host: string): Promise<{ port: number } & AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((listening) => server.listen(0, host, listening));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

async function aNodeWithClient(places: Parameters<typeof aNode>[0] = {}) {
  const there = await aNode(places);
  const listener = await aListener(`${loopback}.8`);
  await writeFile(there.at('member'), `${loopback}.8/${listener.port}`);
  await writeFile(there.at('service'), service);
  const [client] = there.file.clients;
  if (!client) throw new Error('no client');
  client.restart = { command: ['sh', there.at('service'), 'restart'], timeout: 5000 };
  const node = await there.reopened();
  const holder = holderOf(node, 'c', 'client/api');
  if (!holder) throw new Error('no client');
  const next = await aCa('new');
  const bundles = { old: there.clientCa.pem, both: there.clientCa.pem + next.pem };
  const body = aChange({
    slots: { 'server-bundle': { bundle: bundles.both } },
    before: { 'server-bundle': printsOf(bundles.old) },
    startTimeoutMs: 400,
    members: [
      {
        holder: 'member/m9',
        memberId: '9',
        clientUrl: `https://${loopback}.8:${listener.port}`,
        peerUrl: `https://${loopback}.8:2380`,
        'server-leaf': there.leaf.fingerprint,
        'peer-leaf': there.leaf.fingerprint,
      },
    ],
  });
  const run = async (action: string) => {
    unwrap(await runCommand({ command: ['sh', there.at('service'), action], timeout: 5000 }));
  };
  const bundle = () => readFileSync(there.at('api/ca.crt'), 'utf8');
  return {
    ...there,
    node,
    body,
    bundles,
    bundle,
    run,
    running: () => processOf(holder),
    command: aCommand(body, { holder: 'client/api' }),
    [Symbol.asyncDispose]: async () => {
      await run('stop');
      await listener[Symbol.asyncDispose]();
      await there[Symbol.asyncDispose]();
    },
  };
}

test('a client that runs is restarted, and its new process is the proof', async () => {
  await using there = await aNodeWithClient();
  await there.run('start');
  const before = await there.running();
  const outcome = await carryOut(there.command, 'x', there.node);
  expect(outcome).toMatchObject({ ok: true, value: { restarted: true } });
  const now = await there.running();
  expect(now?.pid).not.toBe(before?.pid);
  if (!outcome.ok || outcome.value.type !== 'changed') throw new Error();
  expect(outcome.value.process).toEqual({ pid: now?.pid, startedAt: expect.any(String) });
  expect(outcome.value.proofs.map(({ what, verdict }) => `${what} ${verdict}`)).toEqual([
    'new-process proven',
    'connections-renewed proven',
  ]);
});

test('a client that does not run can be proven nothing of: it is refused before anything is installed', async () => {
  await using there = await aNodeWithClient();
  const failure = { code: 'process-not-found', message: expect.stringContaining(there.at('api.pid')) };
  expect(await carryOut(there.command, 'x', there.node)).toMatchObject({
    ok: false,
    decision: 'untouched',
    failure,
  });
  expect(await there.running()).toBeUndefined();
  expect(there.bundle()).toBe(there.bundles.old);
  expect(existsSync(there.at('api/.etcd-rotate'))).toBe(false);
  // A plan is refused for it as well.
  const { holders } = await observeNode(there.node, 'c');
  expect(holders.find(({ holder }) => holder === 'client/api')?.problems).toMatchObject([failure]);
  await there.run('start');
  const seen = (await observeNode(there.node, 'c')).holders.find(({ holder }) => holder === 'client/api');
  expect(seen?.problems).toEqual([]);
  expect(await carryOut(there.command, 'x', there.node)).toMatchObject({ ok: true });
});

test('a client that does not start with the new files has the old ones again, and runs', async () => {
  await using there = await aNodeWithClient();
  await there.run('start');
  await writeFile(there.at('picky'), '');
  const outcome = await carryOut(there.command, 'x', there.node);
  expect(outcome).toMatchObject({ ok: false, decision: 'restored', failure: { code: 'restart-failed' } });
  expect(outcome.ok ? '' : outcome.failure.message).toMatch(
    /bad bundle.*were put back, and it serves with them/s,
  );
  expect(there.bundle()).toBe(there.bundles.old);
  expect(await there.running()).toBeDefined();
  const [api] = (await observeNode(there.node, 'c')).holders.filter(({ holder }) => holder === 'client/api');
  expect(api?.slots['server-bundle']).toMatchObject({ loaded: true });
});

test('a restart command that does nothing is found out, and leaves nothing behind', async () => {
  await using there = await aNodeWithClient();
  await there.run('start');
  await writeFile(there.at('service'), 'exit 0');
  const before = await there.running();
  const outcome = await carryOut(there.command, 'x', there.node);
  await writeFile(there.at('service'), service);
  expect(outcome).toMatchObject({ ok: false, decision: 'restored', failure: { code: 'restart-failed' } });
  expect(outcome.ok ? '' : outcome.failure.message).toContain(`process ${before?.pid} runs since`);
  expect(there.bundle()).toBe(there.bundles.old);
  // Nobody read the new ones: what lies there is what the process has loaded.
  const [api] = (await observeNode(there.node, 'c')).holders.filter(({ holder }) => holder === 'client/api');
  expect(api?.slots['server-bundle']).toMatchObject({ loaded: true });
});

test('a restart command that fails and stops nothing leaves nothing behind', async () => {
  await using there = await aNodeWithClient();
  await there.run('start');
  await writeFile(there.at('service'), 'echo no such unit; exit 5');
  const outcome = await carryOut(there.command, 'x', there.node);
  await writeFile(there.at('service'), service);
  expect(outcome).toMatchObject({ ok: false, decision: 'restored' });
  expect(outcome.ok ? '' : outcome.failure.message).toContain('no such unit');
  expect(there.bundle()).toBe(there.bundles.old);
});

test('a command that only sets a restart off is waited for', async () => {
  await using there = await aNodeWithClient();
  await there.run('start');
  const later = `(sleep 0.2; ${there.at('real')} restart) >/dev/null 2>&1 </dev/null &\nexit 0`;
  await writeFile(there.at('real'), `#!/bin/sh\n${service}`, { mode: 0o755 });
  await writeFile(there.at('service'), later);
  const patient = { ...there.command, body: { ...there.body, startTimeoutMs: 10_000 } };
  expect(await carryOut(patient, 'x', there.node)).toMatchObject({
    ok: true,
    value: { restarted: true },
  });
  await writeFile(there.at('service'), service);
});

test('a bundle that one client has changed already is taken up by another that shares it, by a restart', async () => {
  await using there = await aNodeWithClient({ agentBundle: 'api/ca.crt' });
  await there.run('start');
  const { bundles } = there;
  const ofAgent = aChange({
    slots: { 'server-bundle': { bundle: bundles.both } },
    before: { 'server-bundle': printsOf(bundles.old) },
  });
  const how = { holder: 'client/agent-n1', step: 'other' } as const;
  unwrap(await installSlots(await theWork(there.node, ofAgent, how), true));
  const seen = await observeNode(there.node, 'c');
  const api = () => seen.holders.find(({ holder }) => holder === 'client/api')?.slots['server-bundle'];
  expect(api()).toMatchObject({ loaded: false });
  expect(await carryOut(there.command, 'x', there.node)).toMatchObject({
    ok: true,
    value: { restarted: true },
  });
  // A second time there is nothing left to do.
  const again = aCommand(there.body, { holder: 'client/api', attempt: 2 });
  expect(await carryOut(again, 'x', there.node)).toMatchObject({ ok: true, value: { restarted: false } });
});

/** As a crash right behind the switch leaves a node. */
async function installed(there: Awaited<ReturnType<typeof aNodeWithClient>>) {
  unwrap(await installSlots(await theWork(there.node, there.body, { holder: 'client/api' }), true));
  return there.reopened();
}

test('goes on after a crash between install and restart', async () => {
  await using there = await aNodeWithClient();
  await there.run('start');
  const node = await installed(there);
  expect(await carryOut(there.command, 'x', node)).toMatchObject({ ok: true, value: { restarted: true } });
});

test('goes on after a crash in the middle of a restart: what is down is started', async () => {
  await using there = await aNodeWithClient();
  await there.run('start');
  const node = await installed(there);
  await there.run('stop');
  expect(await carryOut(there.command, 'x', node)).toMatchObject({ ok: true, value: { restarted: true } });
  expect(await there.running()).toBeDefined();
});

test('goes on after a crash right behind the restart without another one, and counts that one', async () => {
  await using there = await aNodeWithClient();
  await there.run('start');
  const node = await installed(there);
  const { ticks } = await momentNow();
  while ((await ticksNow()) === ticks);
  await there.run('restart');
  const before = await there.running();
  expect(await carryOut(there.command, 'x', node)).toMatchObject({ ok: true, value: { restarted: true } });
  expect((await there.running())?.pid).toBe(before?.pid);
});

test.each(['before the files', 'after the files', 'with the holder down'])(
  'a decision to put back is finished after a crash %s, and never begun anew',
  async (when) => {
    await using there = await aNodeWithClient();
    await there.run('start');
    await installed(there);
    const node = await there.reopened();
    const record = node.state.record(there.command.id);
    if (!record) throw new Error('no record');
    const failure = {
      code: 'not-serving',
      message: 'it does not serve',
      hint: '',
      retryable: false,
    } as const;
    await node.state.write(there.command.id, { ...record, putBack: failure });
    if (when === 'after the files') {
      unwrap(
        await restoreSlots(await theWork(node, there.body, { holder: 'client/api' }), { unread: false }),
      );
    }
    if (when === 'with the holder down') await there.run('stop');
    const outcome = await carryOut(there.command, 'x', await there.reopened());
    expect(outcome).toMatchObject({ ok: false, decision: 'restored', failure: { code: 'not-serving' } });
    expect(there.bundle()).toBe(there.bundles.old);
    expect(await there.running()).toBeDefined();
    // The coordinator gets the same answer however often it asks.
    expect(await carryOut(there.command, 'x', await there.reopened())).toEqual(outcome);
    expect(there.bundle()).toBe(there.bundles.old);
  },
);

test('what was kept under one command is not put back by the next', async () => {
  await using there = await aNodeWithClient();
  await there.run('start');
  await installed(there);
  await writeFile(there.at('picky'), '');
  const outcome = await carryOut(aCommand(there.body, { holder: 'client/api', attempt: 2 }), 'x', there.node);
  expect(outcome).toMatchObject({ ok: false, decision: 'kept' });
  expect(there.bundle()).toBe(there.bundles.both);
});

test('a late copy of a command that touched nothing in the end takes nothing away from the next', async () => {
  await using there = await aNodeWithClient();
  await there.run('start');
  await writeFile(there.at('service'), 'exit 1');
  const { node, command } = there;
  await carryOut(command, 'x', node);
  await writeFile(there.at('service'), service);
  expect(await carryOut(aCommand(there.body, { holder: 'client/api', attempt: 2 }), 'x', node)).toMatchObject(
    { ok: true },
  );
  await carryOut(command, 'x', await there.reopened());
  expect(there.bundle()).toBe(there.bundles.both);
});

test('a client that cannot be put back is said to have been kept', async () => {
  await using there: Awaited<ReturnType<typeof aNodeWithClient>> & TestNode = await aNodeWithClient();
  await there.run('start');
  await writeFile(there.at('picky'), '');
  await writeFile(
    there.at('service'),
    `rm -rf api/.etcd-rotate/000001\n${service}`.replace(/^/, `cd ${there.path}\n`),
  );
  const outcome = await carryOut(there.command, 'x', there.node);
  await writeFile(there.at('service'), service);
  expect(outcome).toMatchObject({ ok: false, decision: 'kept' });
  expect(outcome.ok ? '' : outcome.failure.message).toContain('could not be put back');
  expect(existsSync(there.at('api/ca.crt'))).toBe(true);
  await rm(there.at('picky'));
});

/** A client that reads its files at a signal: it remembers what it read, and opens its connection anew. */
const reloading = `
cd "$(dirname "$0")" || exit 1
[ -f deaf ] && exit 0
[ -f broken ] && exit 7
echo x >>reloads
kill -USR1 "$(cat api.pid)"
`;

/** Its connection is opened anew at each signal. */
const signalled = `
trap 'exec 3<>/dev/tcp/MEMBER' USR1
exec 3<>/dev/tcp/MEMBER
while :; do sleep 60 & wait $!; done
`;

async function aNodeWithReloadingClient() {
  const there = await aNodeWithClient();
  const member = readFileSync(there.at('member'), 'utf8');
  await writeFile(there.at('reload'), reloading);
  await writeFile(there.at('client'), signalled.replaceAll('MEMBER', member));
  await writeFile(
    there.at('service'),
    service
      .replace(/setsid bash -c ".*" >/, 'setsid bash client >')
      .replace('kill -9 "$pid"', 'kill -9 -"$pid"'),
  );
  const [client] = there.file.clients;
  if (!client) throw new Error('no client');
  delete client.restart;
  client.reload = { command: ['sh', there.at('reload')], timeout: 5000 };
  await there.run('start');
  const until = performance.now() + 60_000;
  const connected = async () => {
    const pid = (await there.running())?.pid;
    return pid !== undefined && (await connectionsTo(pid, [there.body.members[0]?.clientUrl ?? ''])).size > 0;
  };
  while (!(await connected()) && performance.now() < until) await pause(10);
  const seen = async (node: Node) => {
    const { holders } = await observeNode(node, 'c');
    const slots = holders.find(({ holder }) => holder === 'client/api')?.slots ?? {};
    return Object.fromEntries(
      Object.entries(slots).map(([slot, one]) => [slot, 'loaded' in one ? one.loaded : 'not said']),
    );
  };
  const body = { ...there.body, taken: 'reload' as const };
  return {
    ...there,
    body,
    command: aCommand(body, { holder: 'client/api' }),
    node: await there.reopened(),
    seen,
  };
}

const both = { 'client-leaf': true, 'server-bundle': true };

test('a client has read its leaf and its bundle where it was started since, and neither where they were written later', async () => {
  await using there = await aNodeWithReloadingClient();
  expect(await there.seen(there.node)).toEqual(both);
  // As `rsync -a` brings them.
  const [bundle, key] = [there.at('api/ca.crt'), there.at('api/client.key')];
  await writeFile(bundle, there.bundles.both);
  await utimes(bundle, new Date(0), new Date(0));
  expect(await there.seen(there.node)).toEqual({ ...both, 'server-bundle': false });
  await writeFile(key, readFileSync(key, 'utf8'));
  expect(await there.seen(there.node)).toEqual({ 'client-leaf': false, 'server-bundle': false });
  await pause(50);
  await there.run('restart');
  expect(await there.seen(there.node)).toEqual(both);
});

test('of a client without a process nothing is known to be read; what our own client has is not said of leaves', async () => {
  await using there = await aNodeWithReloadingClient();
  await there.run('stop');
  expect(await there.seen(there.node)).toEqual({ 'client-leaf': false, 'server-bundle': false });
  const { holders } = await observeNode(there.node, 'c');
  const agent = holders.find(({ holder }) => holder === 'client/agent-n1')?.slots;
  expect(agent?.['client-leaf']).not.toHaveProperty('loaded');
  expect(agent?.['server-bundle']).toMatchObject({ loaded: true });
});

test('a client has read what it was told to reload, until its files are written again or it is another process', async () => {
  await using there = await aNodeWithReloadingClient();
  const before = await there.running();
  expect(await carryOut(there.command, 'x', there.node)).toMatchObject({
    ok: true,
    value: { restarted: false },
  });
  expect((await there.running())?.pid).toBe(before?.pid);
  expect(await there.seen(there.node)).toEqual(both);
  expect(await there.seen(await there.reopened())).toEqual(both);
  // By somebody else.
  await writeFile(there.at('api/ca.crt'), there.bundles.old);
  expect(await there.seen(there.node)).toEqual({ ...both, 'server-bundle': false });
});

test('files that were installed and not reloaded are not read', async () => {
  await using there = await aNodeWithReloadingClient();
  const work = await theWork(there.node, there.body, { holder: 'client/api' });
  unwrap(await installSlots(work, true));
  expect(await there.seen(there.node)).toEqual({ ...both, 'server-bundle': false });
  // The next delivery reloads, and then they are.
  expect(await carryOut(there.command, 'x', await there.reopened())).toMatchObject({ ok: true });
  expect(await there.seen(await there.reopened())).toEqual(both);
});

test('a reload that did not renew its connections is not believed', async () => {
  await using there = await aNodeWithReloadingClient();
  await writeFile(there.at('deaf'), '');
  expect(await carryOut(there.command, 'x', there.node)).toMatchObject({
    ok: false,
    decision: 'kept',
    failure: { code: 'not-loaded' },
  });
  expect(await there.seen(there.node)).toEqual({ ...both, 'server-bundle': false });
});

test('after a reload that failed, files that were put back are read only where the second one succeeds', async () => {
  await using there = await aNodeWithReloadingClient();
  await writeFile(there.at('broken'), '');
  expect(await carryOut(there.command, 'x', there.node)).toMatchObject({ ok: false, decision: 'restored' });
  expect(there.bundle()).toBe(there.bundles.old);
  expect(await there.seen(there.node)).toEqual({ ...both, 'server-bundle': false });
  await writeFile(
    there.at('reload'),
    `cd "$(dirname "$0")"\n[ -f broken ] && { rm broken; exit 7; }\n${reloading}`,
  );
  const again = aCommand(there.body, { holder: 'client/api', attempt: 2 });
  expect(await carryOut(again, 'x', there.node)).toMatchObject({ ok: false, decision: 'restored' });
  expect(await there.seen(there.node)).toEqual(both);
});
