// systemd restarts what is ours in the middle of a rotation, for every reason it has.

import { until } from '@etcd-rotate/lab';
import { type Nodes, nodes, type Unit } from '@etcd-rotate/nodes';
import { expect, test } from 'vitest';
import { lastLine, nobodyLost } from '../reading.ts';
import { changing, rotateWith } from './rotating.ts';

test('agents and the coordinator are restarted, killed and hang in the middle: the rotation comes to its end', async () => {
  await using fleet = await nodes(3, { etcd: '3.5', auth: true });
  await fleet.load.start();
  const [m1, m2, m3] = fleet.members;
  const { unit: coordinator } = fleet.control;
  if (!m1 || !m2 || !m3) throw new Error('a fleet of three');
  await watchSharply(m2);

  const run = await rotateWith(
    fleet,
    ['--cluster', 'demo', '--yes'],
    [
      { when: changing('trust-m1'), act: () => m1.agent.restart() },
      { when: changing('trust-m3'), act: () => m3.agent.kill('SIGKILL') },
      { when: changing('issue-m2'), act: () => hangs(m2.agent) },
      { when: changing('issue-m3'), act: () => coordinator.restart() },
      { when: changing('retire-m1'), act: () => coordinator.kill('SIGKILL') },
    ],
  );
  expect([run.code, run.stderr]).toEqual([0, expect.anything()]);
  expect(lastLine(run)).toMatchObject({ outcome: 'rotated', restarts: 9 });
  expect(await fleet.restarts()).toBe(9);
  // A restart that was asked for counts as none of systemd's own.
  const [ofM1, ofM2 = 0, ofM3, ofCoordinator] = await restartsOf(m1.agent, m2.agent, m3.agent, coordinator);
  expect([ofM1, ofM3, ofCoordinator]).toEqual([0, 1, 1]);
  // Watched that sharply, it may be late on a busy machine without having hung.
  expect(ofM2).toBeGreaterThanOrEqual(1);
  nobodyLost(await fleet.load.stop());
});

/** What systemd waits for is a minute; here it is seconds. */
async function watchSharply(member: Nodes['members'][number]): Promise<void> {
  await member.write(
    '/etc/systemd/system/etcd-rotate-agent.service.d/test.conf',
    '[Service]\nWatchdogSec=5\n',
  );
  await member.sh('systemctl daemon-reload');
  await member.agent.restart();
}

/** Stopped, it pings no more: systemd ends it and starts another one. */
async function hangs(unit: Unit): Promise<void> {
  const { MainPID: before } = await unit.show('MainPID');
  await unit.kill('SIGSTOP');
  await until('systemd has started another one', async () => {
    const { MainPID, ActiveState } = await unit.show('MainPID', 'ActiveState');
    return ActiveState === 'active' && MainPID !== before && MainPID !== '0';
  });
  expect(await unit.journal()).toContain("Failed with result 'watchdog'");
}

async function restartsOf(...units: Unit[]): Promise<number[]> {
  return Promise.all(units.map(async (unit) => Number((await unit.show('NRestarts')).NRestarts)));
}
