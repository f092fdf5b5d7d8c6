import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { type LoopbackNode, type LoopbackNodes, threeNodes } from '../loopback-nodes.fixture.ts';
import { printsOf } from '../node.fixture.ts';
import { memberOn } from '../node.ts';
import { observeNode } from '../observe-node.ts';
import { type TrustSteps, trustSteps } from '../trust-steps.fixture.ts';
import { printVerdicts, type Rule } from './rules.fixture.ts';

// Changes on members that are services, run on a node with systemd, as root: node change-rules.fixture.ts

/** Tells systemd that it is ready, and dies, where it finds two CAs in its bundle and was told not to bear that. */
const program = (at: LoopbackNode['at']) => `#!/bin/sh
cd ${at()} || exit 1
if [ -f picky ] && [ "$(grep -c BEGIN pki/ca.crt)" -gt 1 ]; then
  systemd-notify --ready
  echo "two CAs are one too many" >&2
  exit 1
fi
exec "$(cat program)" $(cat flags)
`;

/** Makes a service of a member that was started by hand. */
async function asService(one: LoopbackNode, lines: string[]): Promise<AsyncDisposable> {
  const unit = `etcd-rotate-test-${one.name}.service`;
  const file = `/run/systemd/system/${unit}`;
  await writeFile(one.at('run'), program(one.at), { mode: 0o755 });
  const exec = `ExecStart=${one.at('run')}`;
  await writeFile(file, ['[Service]', 'Type=notify', 'NotifyAccess=all', exec, ...lines, ''].join('\n'));
  const systemctl = (...args: string[]) => execFileSync('systemctl', args, { stdio: 'pipe' });
  systemctl('daemon-reload');
  await one.service('stop');
  systemctl('start', unit);
  const [member] = one.file.members;
  assert(member);
  member.restart = { systemd: { unit }, timeout: 120_000 };
  return {
    [Symbol.asyncDispose]: async () => {
      systemctl('stop', unit);
      await rm(file);
      systemctl('daemon-reload');
    },
  };
}

async function withService(
  lines: string[],
  holds: (one: LoopbackNode, steps: TrustSteps, cluster: LoopbackNodes) => Promise<void>,
): Promise<void> {
  await using cluster = await threeNodes();
  const [first] = cluster.nodes;
  await using _service = await asService(first, lines);
  const node = await first.reopened();
  const member = memberOn(node, 'c')?.member;
  assert(member);
  Object.assign(first, { node, member });
  await first.serving();
  const steps = await trustSteps(cluster);
  steps.begin();
  await holds(first, steps, cluster);
}

/** Whoever waited that long for a member that died at once would be stopped by the runner. */
const startTimeoutMs = 600_000;

const hasOldAgain = (lines: string[], says: RegExp) =>
  withService(lines, async (one, steps) => {
    await writeFile(one.at('picky'), '');
    const outcome = await steps.obey(one, { ...(await steps.trustChange(one, 'both')), startTimeoutMs });
    assert(!outcome.ok, 'it cannot have borne them');
    assert.equal(outcome.decision, 'restored', outcome.failure.message);
    assert.equal(outcome.failure.code, 'restart-failed');
    assert.match(outcome.failure.message, says);
    assert.match(outcome.failure.message, /two CAs are one too many/);
    assert.match(outcome.failure.message, /the files of before were put back, and it serves with them$/);
    assert.equal(printsOf(await one.read('pki/ca.crt')).length, 1);
    await one.serving();
  });

export const changeRules: Rule[] = [
  {
    rule: 'a member that is a service is seen without a problem, restarted, and proven',
    holds: () =>
      withService([], async (one, steps) => {
        const [seen] = (await observeNode(one.node, 'c')).holders;
        assert.deepEqual(seen?.problems, []);
        const outcome = await steps.obey(one, await steps.trustChange(one, 'both'));
        assert(outcome.ok && outcome.value.type === 'changed', JSON.stringify(outcome));
        assert.notEqual(outcome.value.process?.pid, seen?.process?.pid);
        await one.serving();
      }),
  },
  {
    rule: 'a member that dies right after READY has its files of before again at once',
    holds: () => hasOldAgain(['Restart=no'], /is failed after its restart \(exit-code/),
  },
  {
    rule: 'a member in a crash loop has its files of before again at once',
    holds: () =>
      hasOldAgain(
        ['Restart=always', 'RestartSec=100ms', '[Unit]', 'StartLimitIntervalSec=0'],
        /was started again by systemd|systemd will start it again/,
      ),
  },
  {
    rule: 'a member that was started too often has its files of before again all the same',
    holds: () =>
      hasOldAgain(
        ['Restart=always', 'RestartSec=1ms', '[Unit]', 'StartLimitBurst=2', 'StartLimitIntervalSec=600'],
        /was started again by systemd|systemd will start it again|is failed/,
      ),
  },
];

if (import.meta.main) await printVerdicts(changeRules);
