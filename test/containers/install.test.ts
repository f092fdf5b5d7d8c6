// What systemd makes of the units, and what stays and goes with the package: on one machine that it was installed on
// without a network.

import { until } from '@etcd-rotate/lab';
import { type MemberNode, type Nodes, nodes, type Unit } from '@etcd-rotate/nodes';
import { afterAll, beforeAll, expect, test } from 'vitest';

let fleet: Nodes;
let m1: MemberNode;
beforeAll(async () => {
  fleet = await nodes(1, { etcd: '3.5' });
  m1 = fleet.member('m1');
});
afterAll(() => fleet[Symbol.asyncDispose]());

const state = (unit: Unit) => unit.show('ActiveState', 'StatusText', 'NRestarts', 'MainPID', 'Result');

/** What is true of the agent from now on. */
function agentIs(status: RegExp, more: Partial<Awaited<ReturnType<typeof state>>> = {}): Promise<void> {
  return until(
    `the agent is ${status}`,
    async () => {
      const now = await state(m1.agent);
      return (
        now.ActiveState === 'active' &&
        status.test(now.StatusText) &&
        Object.entries(more).every(([name, value]) => now[name as keyof typeof now] === value)
      );
    },
    { every: 200 },
  );
}

/** Until the end of its scope the unit has these settings too. */
async function dropIn(unit: Unit, settings: string): Promise<AsyncDisposable> {
  const folder = `/etc/systemd/system/${unit.name}.d`;
  await m1.sh(`mkdir -p ${folder}`);
  await m1.write(`${folder}/test.conf`, `[Service]\n${settings}\n`);
  await m1.sh('systemctl daemon-reload');
  await unit.restart();
  return {
    async [Symbol.asyncDispose]() {
      await m1.sh(`rm -r ${folder}; systemctl daemon-reload; systemctl reset-failed ${unit.name} || true`);
      await unit.restart();
    },
  };
}

test('systemd finds nothing wrong with the units, and little exposed', async () => {
  await m1.sh('systemd-analyze verify etcd-rotate-agent.service etcd-rotate-coordinator.service');
  const exposure = async (unit: string): Promise<number> => {
    const said = await m1.sh(`systemd-analyze security --no-pager ${unit} | tail -n 1`);
    return Number(/: (\d+\.\d) /.exec(said)?.[1] ?? Number.NaN);
  };
  expect(await exposure('etcd-rotate-coordinator.service')).toBeLessThan(2);
  expect(await exposure('etcd-rotate-agent.service')).toBeLessThan(4);
});

test('an agent without an identity does not start, and systemctl says what to do', async () => {
  await m1.agent.stop();
  await m1.sh('mv /etc/etcd-rotate/identity.json /root/');
  await expect(m1.agent.start()).rejects.toThrow(/no identity yet: [\s\S]*rotate node add NAME/);
  // It is not tried again: nothing will have changed.
  expect((await state(m1.agent)).ActiveState).toBe('failed');
  await m1.sh('mv /root/identity.json /etc/etcd-rotate/; systemctl reset-failed etcd-rotate-agent');
  await m1.agent.start();
  await agentIs(/^idle$/);
});

test('an agent is ready while NATS is away, says so, and goes on when it is back', async () => {
  await m1.cutOffFrom([fleet.nats]);
  await m1.agent.restart();
  await agentIs(/^waiting for NATS at tls:/);
  await m1.reconnect();
  await agentIs(/^idle$/, { NRestarts: '0' });
});

test('the watchdog kills an agent that was stopped, and it goes on', async () => {
  await using _quick = await dropIn(m1.agent, 'WatchdogSec=4\nRestartSec=1');
  await agentIs(/^idle$/, { NRestarts: '0' });
  await m1.agent.kill('SIGSTOP');
  await agentIs(/^idle$/, { NRestarts: '1' });
  expect(await m1.agent.journal()).toContain("Failed with result 'watchdog'");
});

test('the watchdog kills an agent whose event loop does not turn', async () => {
  await using _quick = await dropIn(m1.agent, 'WatchdogSec=4\nRestartSec=1');
  await agentIs(/^idle$/, { NRestarts: '0' });
  // Node's own inspector is the only way into a loop that nothing else blocks.
  await m1.agent.kill('SIGUSR1');
  await m1.write('/root/block.mjs', blockLoop);
  await m1.sh('/usr/lib/etcd-rotate/node /root/block.mjs');
  await agentIs(/^idle$/, { NRestarts: '1' });
});

const blockLoop = `
const targets = async () => (await fetch('http://127.0.0.1:9229/json')).json();
let found;
for (let left = 50; !found; left--) {
  found = (await targets().catch((error) => { if (left === 0) throw error; return []; }))[0];
  if (!found) await new Promise((resolve) => setTimeout(resolve, 100));
}
const socket = new WebSocket(found.webSocketDebuggerUrl);
socket.onopen = () => {
  socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression: 'for (;;);' } }));
  // It is never answered: that it was sent is all there is to wait for.
  setTimeout(() => process.exit(), 500);
};
`;

test('an idle agent takes little', async () => {
  const { MainPID } = await state(m1.agent);
  // What its start has left to be done is no idleness.
  await new Promise((resolve) => setTimeout(resolve, 15_000));
  const cpu = async (): Promise<number> => Number((await m1.agent.show('CPUUsageNSec')).CPUUsageNSec);
  const [before, since] = [await cpu(), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, 30_000));
  const percent = ((await cpu()) - before) / 1e4 / (performance.now() - since);
  const rss = Number(/VmRSS:\s+(\d+)/.exec(await m1.read(`/proc/${MainPID}/status`))?.[1]) / 1024;
  console.log(`idle agent: ${rss.toFixed(0)} MiB resident, ${percent.toFixed(2)} % of a core`);
  // The aim is 80 MiB and 0.5 %; a machine that is busy elsewhere takes more for the same.
  expect(rss).toBeLessThan(100);
  expect(percent).toBeLessThan(2);
});

test('the package goes and its keys stay; the archive takes its place, and restarts nothing that runs', async () => {
  const kept = '/etc/etcd-rotate/identity.json';
  const before = await m1.read(kept);
  await m1.sh('dpkg --purge etcd-rotate');
  expect((await m1.run(['ls', '/usr/bin/etcd-rotate-agent', '/usr/lib/etcd-rotate'])).stdout).toBe('');
  expect(await m1.read(kept)).toBe(before);
  expect(await m1.sh('ls /var/lib/etcd-rotate/agent')).not.toBe('');

  // The checkout is where the load is run from.
  const machine = { x64: 'x64', arm64: 'arm64' }[process.arch as 'x64' | 'arm64'];
  await m1.sh(`tar -xzf /checkout/dist/etcd-rotate-*-linux-${machine}.tar.gz -C /root`);
  const install = '/root/etcd-rotate-*/install.sh';
  await m1.sh(install);
  await m1.agent.start();
  await agentIs(/^idle$/);
  const { MainPID } = await state(m1.agent);
  expect(await m1.sh(install)).toMatch(/etcd-rotate-agent.service goes on with the version from before/);
  expect((await m1.run(['sh', '-c', `${install} uninstall`])).stderr).toMatch(/stop what runs first/);
  await agentIs(/^idle$/, { MainPID });
  await m1.sh(`systemctl disable --now etcd-rotate-agent; ${install} uninstall`);
  expect(await m1.read(kept)).toBe(before);
  expect((await m1.run(['etcd-rotate-agent', '--version'])).code).not.toBe(0);
});

test('the archive installs nothing when one byte is another one', async () => {
  await m1.sh('for file in /root/etcd-rotate-*/root/usr/bin/rotate; do echo >>"$file"; done');
  const refused = await m1.run(['sh', '-c', '/root/etcd-rotate-*/install.sh']);
  expect(refused.stderr).toMatch(/not the ones that were packed: nothing was installed/);
  expect((await m1.run(['ls', '/usr/bin/rotate'])).code).not.toBe(0);
});
