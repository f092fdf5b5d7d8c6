import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFile, rename, writeFile } from 'node:fs/promises';
import type { Failure } from '@etcd-rotate/protocol';
import { problemsOfRestart } from '../check-restart.ts';
import { unwrap } from '../folder.fixture.ts';
import { aNode } from '../node.fixture.ts';
import { memberOn } from '../node.ts';
import { aUnit, type TestUnit } from './a-unit.fixture.ts';
import { contractOf } from './contract.fixture.ts';
import { eventually, printVerdicts, type Rule } from './rules.fixture.ts';
import { reloadUnit, systemdDriver } from './systemd.ts';
import { lookAtUnit } from './unit.ts';

// Run on a node with systemd, as root: node systemd-rules.fixture.ts

const saysWhy = /KeyFile and CertFile must both be present/;

function faultOf({ driver }: TestUnit): Promise<Failure> {
  return eventually('a fault', () => driver.fault());
}

async function lives({ driver }: TestUnit): Promise<void> {
  await eventually('a process', () => driver.process());
  assert.equal(await driver.fault(), undefined);
}

async function problemsOf({ driver }: Pick<TestUnit, 'driver'>): Promise<string> {
  return (await driver.problems()).map(({ code, message }) => `${code} ${message}`).join('\n');
}

const asMember = { holder: 'member/m1', leastGraceMs: 0, paths: [] };
const forGood = ['Restart=no'];
const again = ['Restart=always', 'RestartSec=100ms', 'StartLimitIntervalSec=0'];
const limited = [
  'Restart=always',
  'RestartSec=10ms',
  '[Unit]',
  'StartLimitBurst=3',
  'StartLimitIntervalSec=600',
];

export const systemdRules: Rule[] = [
  ...contractOf(aUnit),
  {
    rule: 'a service that dies right after READY has failed for good, with what systemd and it say',
    holds: async () => {
      await using unit = await aUnit({ lines: forGood });
      await unit.is('dies');
      // Its job was done: that is no word of how it lives.
      unwrap(await unit.driver.restart());
      const { code, message } = await faultOf(unit);
      assert.equal(code, 'restart-failed');
      assert.match(message, /is failed after its restart \(exit-code: its process ended with code 1\)/);
      assert.match(message, saysWhy);
      assert.equal(await unit.driver.process(), undefined);
      await unit.is('lives');
      unwrap(await unit.driver.restart());
      await lives(unit);
    },
  },
  {
    rule: 'a service that systemd starts again and again is in a crash loop, and comes out of it by a restart',
    holds: async () => {
      await using unit = await aUnit({ lines: again });
      await unit.is('dies');
      unwrap(await unit.driver.restart());
      const { message } = await eventually('a count', async () => {
        const found = await unit.driver.fault();
        return found?.message.includes('was started again by systemd') ? found : undefined;
      });
      assert.match(message, saysWhy);
      await unit.is('lives');
      unwrap(await unit.driver.restart());
      await lives(unit);
      assert.equal(unwrap(await lookAtUnit(unit.unit)).restarts, 0);
    },
  },
  {
    rule: 'a service that waits to be started again has ended by itself',
    holds: async () => {
      await using unit = await aUnit({ lines: ['Restart=always', 'RestartSec=600'] });
      await unit.is('dies');
      unwrap(await unit.driver.restart());
      assert.match((await faultOf(unit)).message, /has ended by itself, and systemd will start it again/);
    },
  },
  {
    rule: 'a service that was started too often is forgiven before the next restart',
    holds: async () => {
      await using unit = await aUnit({ lines: limited });
      await unit.is('dies');
      unwrap(await unit.driver.restart());
      await eventually('the limit', async () => {
        const { active, restarts } = unwrap(await lookAtUnit(unit.unit));
        return active === 'failed' && restarts > 1 ? true : undefined;
      });
      await unit.is('lives');
      // It would live now, and yet systemd does not start it.
      await assert.rejects(unit.systemctl('restart', unit.unit));
      unwrap(await unit.driver.restart());
      await lives(unit);
    },
  },
  {
    rule: 'many restarts of ours are not counted against the limit of a service',
    holds: async () => {
      await using unit = await aUnit({ lines: limited });
      for (let times = 0; times < 6; times += 1) unwrap(await unit.driver.restart());
      await lives(unit);
    },
  },
  {
    rule: 'a service that ends at once without an error does not run either',
    holds: async () => {
      await using unit = await aUnit({ lines: ['Type=simple'] });
      await unit.is('ends');
      unwrap(await unit.driver.restart());
      assert.match((await faultOf(unit)).message, /is inactive after its restart/);
    },
  },
  {
    rule: 'a service gets the time that it needs to stop, and no fault while it does',
    holds: async () => {
      await using unit = await aUnit();
      await unit.is('lingers');
      unwrap(await unit.driver.restart());
      const before = await eventually('a process', () => unit.driver.process());
      await unit.is('lives');
      const restarting = unit.driver.restart();
      await eventually('its stop', async () =>
        unwrap(await lookAtUnit(unit.unit)).active === 'deactivating' ? true : undefined,
      );
      assert.equal(await unit.driver.fault(), undefined);
      unwrap(await restarting);
      const { pid } = await eventually('a process', () => unit.driver.process());
      assert.notEqual(pid, before.pid);
    },
  },
  {
    rule: 'a service that does not stop in time is a failure that says what it does instead',
    holds: async () => {
      await using unit = await aUnit({ mode: 'lingers', timeout: 200 });
      const restarted = await unit.driver.restart();
      assert.match(
        restarted.ok ? '' : restarted.failure.message,
        /is still deactivating .* 0\.2 s after it was told/,
      );
    },
  },
  {
    rule: 'a service that nobody knows is a problem, and cannot be restarted',
    holds: async () => {
      const unit = 'etcd-rotate-nothing.service';
      const driver = systemdDriver({ systemd: { unit }, timeout: 1000 }, asMember);
      assert.equal(
        await problemsOf({ driver }),
        `restart-unusable member/m1: ${unit} is no unit that systemd knows`,
      );
      const restarted = await driver.restart();
      assert.match(restarted.ok ? '' : restarted.failure.message, /ended with code 5: .*not found/);
      assert.equal(await driver.process(), undefined);
    },
  },
  {
    rule: 'a service that is masked is a problem, and cannot be restarted',
    holds: async () => {
      const unit = 'etcd-rotate-masked.service';
      const driver = systemdDriver({ systemd: { unit }, timeout: 1000 }, asMember);
      execFileSync('systemctl', ['mask', '--runtime', unit]);
      try {
        assert.match(await problemsOf({ driver }), /^restart-unusable .* is masked/);
        const restarted = await driver.restart();
        assert.match(restarted.ok ? '' : restarted.failure.message, /is masked/);
      } finally {
        execFileSync('systemctl', ['unmask', '--runtime', unit]);
      }
    },
  },
  {
    rule: 'a service that was edited and not read again is a problem',
    holds: async () => {
      await using unit = await aUnit();
      await appendFile(`/run/systemd/system/${unit.unit}`, 'Environment=A=B\n');
      assert.match(await problemsOf(unit), /^restart-unusable .* was changed on disk since systemd read it/);
      await unit.systemctl('daemon-reload');
      assert.equal(await problemsOf(unit), '');
    },
  },
  {
    rule: 'a member that its service would kill is a problem, a client is not',
    holds: async () => {
      const lines = ['TimeoutStopSec=5', 'KillSignal=SIGKILL'];
      await using member = await aUnit({ lines });
      assert.match(
        await problemsOf(member),
        /is killed 5s after it was told to stop\n.*is stopped by SIGKILL$/,
      );
      await using client = await aUnit({ lines, graceMs: 0 });
      assert.equal(await problemsOf(client), '');
      await using patient = await aUnit({ lines: ['TimeoutStopSec=infinity'] });
      assert.equal(await problemsOf(patient), '');
    },
  },
  {
    rule: 'a reload counts where the service has done it',
    holds: async () => {
      await using can = await aUnit({ lines: ['ExecReload=/bin/true'] });
      const { pid } = await eventually('a process', () => can.driver.process());
      unwrap(await reloadUnit(can.unit, 5000));
      assert.equal((await can.driver.process())?.pid, pid);
      await using fails = await aUnit({ lines: ['ExecReload=/bin/false'] });
      const failed = await reloadUnit(fails.unit, 5000);
      assert.match(failed.ok ? '' : failed.failure.message, /could not be reloaded: exit-code/);
      await using cannot = await aUnit();
      const refused = await reloadUnit(cannot.unit, 5000);
      assert.match(refused.ok ? '' : refused.failure.message, /not applicable/);
    },
  },
  {
    rule: 'a service whose main process is not the one that listens is a problem',
    holds: async () => {
      await using there = await aNode({ address: '127.0.88.9' });
      const listen = `require('net').createServer().listen(7379, '127.0.88.9')`;
      const listener = `exec ${process.execPath} -e "${listen}"\n`;
      const wrapper = `${process.execPath} -e "${listen}" & wait\n`;
      await using unit = await aUnit({ lines: ['Type=simple'], program: `#!/bin/sh\n${listener}` });
      const member = memberOn(there.node, 'c')?.member;
      assert(member);
      const driven = { ...member, restart: { systemd: { unit: unit.unit }, timeout: 120_000 } };
      const look = async () => {
        await eventually('a listener', () => listens());
        return problemsOfRestart(driven, await unit.driver.process());
      };
      assert.deepEqual(await look(), []);
      await writeFile(unit.at('program'), `#!/bin/sh\n${wrapper}`);
      unwrap(await unit.driver.restart());
      const [problem, ...others] = await look();
      assert.deepEqual(others, []);
      assert.match(
        problem?.message ?? '',
        /^member\/m1: the process of .* is \d+, and \d+ is the one that listens$/,
      );
    },
  },
  {
    rule: 'a node without systemctl is a problem that says what to do',
    holds: async () => {
      await using unit = await aUnit();
      await rename('/usr/bin/systemctl', '/usr/bin/systemctl.away');
      try {
        const [problem] = await unit.driver.problems();
        assert.match(
          problem?.message ?? '',
          /`systemctl .* cannot be run: there is no such program on this node/,
        );
        assert.match(problem?.hint ?? '', /^install systemctl on the node/);
        const restarted = await unit.driver.restart();
        assert.equal(restarted.ok ? '' : restarted.failure.code, 'restart-failed');
      } finally {
        await rename('/usr/bin/systemctl.away', '/usr/bin/systemctl');
      }
    },
  },
];

async function listens(): Promise<true | undefined> {
  const { connect } = await import('node:net');
  return new Promise((resolve) => {
    const socket = connect(7379, '127.0.88.9');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(undefined));
    socket.once('connect', () => socket.destroy());
  });
}

if (import.meta.main) await printVerdicts(systemdRules);
