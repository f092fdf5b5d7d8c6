// What happens to machines: they reboot, lose their power, stand still, run out of disk, and their clocks are wrong.

import { until } from '@etcd-rotate/lab';
import { type MemberNode, type Nodes, nodes } from '@etcd-rotate/nodes';
import { expect, test } from 'vitest';
import { lastLine, nobodyLost } from '../reading.ts';
import { changing, inStage, rotateWith } from './rotating.ts';
import { isWhole } from './whole.ts';

test('a node that reboots in the middle of its own restart: the rotation goes on when it is back', async () => {
  await using fleet = await nodes(3, { etcd: '3.5' });
  await fleet.load.start();
  const m3 = fleet.member('m3');
  const boot = await bootOf(m3);

  const run = await rotateWith(
    fleet,
    ['--cluster', 'demo', '--yes'],
    [{ when: changing('issue-m3'), act: () => m3.reboot() }],
  );
  // Whether systemd took the restart before it began to shut down is a race; what it refused holds, and says so.
  const ended = run.code === 4 ? await resumed(fleet) : run;
  if (run.code === 4) expect(JSON.stringify(lastLine(run))).toMatch(/shutting down/);
  expect(lastLine(ended)).toMatchObject({ outcome: 'rotated' });
  expect(await bootOf(m3)).not.toBe(boot);
  nobodyLost(await fleet.load.stop());
});

test.runIf(isWhole)('a node loses its power in the middle, and is back a little later', async () => {
  await using fleet = await nodes(3, { etcd: '3.4' });
  await fleet.load.start();
  const m3 = fleet.member('m3');
  const outage = async (): Promise<void> => {
    await m3.kill();
    await m3.boot();
  };

  const run = await rotateWith(
    fleet,
    ['--cluster', 'demo', '--yes'],
    [{ when: changing('trust-m3'), act: outage }],
  );
  expect(run.code, run.stdout.slice(-1000) + run.stderr).toBe(0);
  nobodyLost(await fleet.load.stop());
});

test.runIf(isWhole)('a node that stands still for ten seconds is waited for', async () => {
  await using fleet = await nodes(3, { etcd: '3.5-older' });
  await fleet.load.start();
  const m3 = fleet.member('m3');
  const freeze = async (): Promise<void> => {
    await m3.pause();
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    await m3.resume();
  };

  const run = await rotateWith(
    fleet,
    ['--cluster', 'demo', '--yes'],
    [{ when: changing('retire-m3'), act: freeze }],
  );
  const ended = run.code === 4 ? await resumed(fleet) : run;
  expect(lastLine(ended)).toMatchObject({ outcome: 'rotated' });
  nobodyLost(await fleet.load.stop());
});

test.runIf(isWhole)(
  'the disk of the certificates fills up in the middle: it holds, and goes on with room',
  async () => {
    await using fleet = await nodes(3, { etcd: '3.5', memory: { '/etc/etcd': '24m' } });
    await fleet.load.start();
    const m2 = fleet.member('m2');

    const held = await rotateWith(
      fleet,
      ['--cluster', 'demo', '--yes'],
      [
        {
          when: inStage('trust'),
          act: async () => {
            await m2.sh('dd if=/dev/zero of=/etc/etcd/full bs=64k 2>/dev/null || true');
          },
        },
      ],
    );
    expect(held.code, held.stdout.slice(-1000) + held.stderr).toBe(4);
    expect(JSON.stringify(lastLine(held))).toMatch(/no space left/);
    await fleet.serving();
    await m2.sh('rm /etc/etcd/full');
    const ended = await fleet.rotate(['resume', '--json']);
    expect(lastLine(ended)).toMatchObject({ outcome: 'rotated' });
    nobodyLost(await fleet.load.stop());
  },
);

test.runIf(isWhole)('an agent whose clock is off is not commanded', async () => {
  await using fleet = await nodes(3, { etcd: '3.5' });
  const m2 = fleet.member('m2');
  await m2.write('/etc/systemd/system/etcd-rotate-agent.service.d/clock.conf', wrongClock);
  await m2.sh('systemctl daemon-reload');
  await m2.agent.restart();
  await until('the agent has said something', async () =>
    (await m2.agent.journal()).includes('the agent is ready'),
  );

  const refused = await fleet.rotate(['--cluster', 'demo', '--yes']);
  expect(refused.code, refused.stdout + refused.stderr).toBe(3);
  expect(refused.stdout + refused.stderr).toMatch(/node m2: .*it expired[\s\S]*compare the clocks/);
});

const wrongClock = `[Service]
Environment=LD_PRELOAD=/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1
Environment=FAKETIME=+10m
Environment=FAKETIME_DONT_FAKE_MONOTONIC=1
`;

async function resumed(fleet: Nodes): ReturnType<Nodes['rotate']> {
  await fleet.serving();
  await fleet.control.ready();
  return fleet.rotate(['resume', '--json']);
}

async function bootOf(member: MemberNode): Promise<string> {
  return member.read('/proc/sys/kernel/random/boot_id');
}
