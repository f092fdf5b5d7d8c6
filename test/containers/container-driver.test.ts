// Members that are containers, on their machine's own network as the usual installers run them: the engine restarts them.

import { etcdCommand, type Lab, runProgram, startLab, until } from '@etcd-rotate/lab';
import { imageOf } from '@etcd-rotate/nodes';
import { expect, test } from 'vitest';
import { rotateNow } from '../asking.ts';
import { lastLine, nobodyLost } from '../reading.ts';

test('rotates members that are containers, and their engine restarts them', async () => {
  await using lab = await startLab({ members: 3, etcd: '3.5', keys: 'ecdsa', oneCa: false });
  await using containers = await inContainers(lab);
  const before = await containers.startedAt();

  const run = await rotateNow(lab, ['--restarts', 'when-needed']);
  expect(run.stderr).toBe('');
  expect(lastLine(run)).toMatchObject({ outcome: 'rotated', restarts: 6 });
  for (const [index, at] of (await containers.startedAt()).entries()) expect(at).not.toBe(before[index]);
  expect(await lab.accepts({ member: 'm1', port: 'client' }, lab.kept.client)).toMatchObject({
    verdict: 'refused',
  });
  nobodyLost(await lab.load.stop());
});

interface Containers extends AsyncDisposable {
  startedAt(): Promise<string[]>;
}

/** One member after the other goes on in a container, which sees its files under other paths. */
async function inContainers(lab: Lab): Promise<Containers> {
  await using stack = new AsyncDisposableStack();
  const image = await imageOf('3.5');
  const names: string[] = [];
  for (const member of lab.layout.members) {
    const name = `etcd-rotate-${process.pid}-${member.name}`;
    const outside = `${member.folder}/etcd`;
    const [, ...flags] = etcdCommand('etcd', member, { layout: lab.layout, more: [] });
    const inside = flags.map((flag) => flag.replace(outside, '/member'));
    await lab.etcd(member.name).stop();
    stack.defer(() => docker('rm', '--force', name).then(() => undefined));
    const how = [
      '--detach',
      '--name',
      name,
      '--label',
      `etcd-rotate.test=${process.pid}`,
      '--network',
      'host',
    ];
    const what = ['--volume', `${outside}:/member`, '--entrypoint', '/usr/bin/etcd', image, ...inside];
    await docker('run', ...how, '--stop-signal', 'SIGTERM', ...what);
    await servesInContainer(lab, member.name);
    await lab.control.reviseAgent(member.name, ({ members: [one] }) => {
      Object.assign(one ?? {}, {
        restart: { container: { engine: 'docker', name, grace: '30s' }, timeout: '60s' },
      });
    });
    names.push(name);
  }
  const whole = stack.move();
  return {
    async startedAt() {
      return (await docker('inspect', '--format', '{{.State.StartedAt}}', ...names)).trim().split('\n');
    },
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

async function servesInContainer(lab: Lab, member: string): Promise<void> {
  await until(`${member} serves`, async () => (await lab.etcdctl(['get', 'nobody'], { member })).code === 0);
}

async function docker(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram(['docker', ...args]);
  if (code !== 0) throw new Error(`docker ${args[0]}: exit ${code}: ${stderr}`);
  return stdout;
}
