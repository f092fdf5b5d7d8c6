import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Lab, startLab, until } from '@etcd-rotate/lab';
import { expect, test } from 'vitest';
import { entriesOf, lastLine } from './reading.ts';

const agentProgram = resolve(import.meta.dirname, '../apps/agent/dist/etcd-rotate-agent.mjs');

test('a node joins with a token, once, and stops being believed when it is removed', async () => {
  await using lab = await startLab({ members: 3, etcd: '3.5', keys: 'ecdsa', oneCa: false, load: false });
  const { identity, agentFile } = memberOf(lab, 'm3');
  const before = readFileSync(identity, 'utf8');

  // The one that init has made ends at once: nobody listens to it, and NATS closes its connection.
  expect(await told(lab, ['node', 'remove', 'm3', '--yes'])).toMatchObject({ outcome: 'removed' });
  await until('m3 is not heard any more', async () => (await answering(lab)).m3 === false);
  const away = await lab.rotate(['--cluster', 'demo', '--dry-run', '--json']);
  expect(lastLine(away)).toMatchObject({
    failures: [{ code: 'node-away', message: expect.stringContaining('m3') }],
  });

  await lab.control.agent('m3').stop();
  const { token } = await told(lab, ['node', 'add', 'm3']);
  const wrongNode = await joinWith(lab, token, memberOf(lab, 'm2').agentFile, ['--replace']);
  expect(wrongNode).toContain('agent.yaml says that this is node m2');
  expect(await joinWith(lab, token, agentFile)).toContain('is there already');
  rmSync(identity);
  const tampered = `${token.slice(0, -4)}AAAA`;
  expect(await joinWith(lab, tampered, agentFile)).toMatch(/bad-token|not-signed/);
  expect(await joinWith(lab, token, agentFile)).toContain('node m3 has joined fleet');
  expect(statSync(identity).mode & 0o777).toBe(0o600);
  expect(existsSync(`${identity}.joining`)).toBe(false);
  expect(JSON.parse(readFileSync(identity, 'utf8')).signingKey).not.toBe(JSON.parse(before).signingKey);
  await lab.control.agent('m3').start();
  await until('m3 is heard again', async () => (await answering(lab)).m3 === true);

  // Used up, for other keys; and a token that was replaced by another one never worked.
  rmSync(identity);
  expect(await joinWith(lab, token, agentFile)).toContain('(bad-token)');
  const replaced = await told(lab, ['node', 'add', 'm3', '--replace']);
  const { token: last } = await told(lab, ['node', 'add', 'm3', '--replace']);
  expect(await joinWith(lab, replaced.token, agentFile)).toContain('(bad-token)');
  expect(await joinWith(lab, last, agentFile)).toContain('has joined');
  await lab.control.agent('m3').restart();
  await until('m3 is heard again', async () => (await answering(lab)).m3 === true);

  // The identity it had joined with first ended when the second one began. What was tried is counted.
  const { nodes } = await told(lab, ['node', 'list']);
  expect(nodes).toMatchObject([
    { node: 'm1', identity: { from: 'init' }, answers: true },
    { node: 'm2', identity: { from: 'init' } },
    { node: 'm3', identity: { from: 'join' }, inFleet: true, answers: true },
  ]);
  const { refused } = lastLine(await lab.rotate(['status', '--json'])) as { refused: { code: string }[] };
  expect(refused.map(({ code }) => code)).toContain('bad-token');
  const written = (await entriesOf(lab)).map(({ body }) => body.type).filter((type) => type !== 'lead');
  expect(written).toEqual(['removed', 'invited', 'joined', 'invited', 'invited', 'joined']);

  // And after a restart of the coordinator all that is as it was.
  await lab.control.coordinator.restart();
  await lab.control.ready();
  expect(lastLine(await lab.rotate(['--cluster', 'demo', '--dry-run', '--json']))).toMatchObject({
    ok: true,
  });
});

test('the signing key is replaced while a node is away, which is told when it is back', async () => {
  await using lab = await startLab({ members: 3, etcd: '3.4', keys: 'ecdsa', oneCa: false, load: false });
  const { coordinator } = lab.layout;
  await lab.control.agent('m2').stop();
  await lab.control.coordinator.stop();
  const changed = await lab.control.coordinate(['new-signing-key', '--config', coordinator.file]);
  expect(changed.stdout).toContain('The coordinator signs with a new key');
  await lab.control.coordinator.start();

  const pinned = (): string => JSON.parse(readFileSync(lab.layout.operator, 'utf8')).coordinatorKey;
  const old = pinned();
  await until('m1 and m3 know the new key', async () => {
    const { nodes } = await told(lab, ['node', 'list']);
    const ones = nodes as { node: string; obeysPresentKey: boolean }[];
    return ones.every(({ node, obeysPresentKey }) => obeysPresentKey === (node !== 'm2'));
  });
  // As long as one does not know it, the key from before is not thrown away.
  await lab.control.coordinator.stop();
  const endOverlap = ['new-signing-key', '--config', coordinator.file, '--end-overlap'];
  expect((await lab.control.coordinate(endOverlap)).stderr).toContain(
    'm2 does not know the present signing key',
  );
  await lab.control.coordinator.start();
  // The operator's file knows the new key as soon as it has been asked for anything.
  expect(pinned()).not.toBe(old);

  await lab.control.agent('m2').start();
  await lab.control.ready();
  const staged = await lab.rotate(['--cluster', 'demo', '--yes', '--restarts', 'when-needed', '--json']);
  expect(lastLine(staged)).toMatchObject({ outcome: 'rotated' });
  const { nodes } = await told(lab, ['node', 'list']);
  expect((nodes as { obeysPresentKey: boolean }[]).every(({ obeysPresentKey }) => obeysPresentKey)).toBe(
    true,
  );

  await lab.control.coordinator.stop();
  const ended = await lab.control.coordinate(endOverlap);
  expect(ended.stdout).toContain('The signing key from before is gone');
  await lab.control.coordinator.start();
  await lab.control.ready();
  expect(lastLine(await lab.rotate(['--cluster', 'demo', '--dry-run', '--json']))).toMatchObject({
    ok: true,
  });
});

function memberOf(lab: Lab, name: string) {
  const member = lab.layout.members.find((one) => one.name === name);
  if (!member) throw new Error(`no member ${name}`);
  return member;
}

// biome-ignore lint/suspicious/noExplicitAny: each command has an answer of its own
async function told(lab: Lab, args: string[]): Promise<any> {
  const run = await lab.rotate([...args, '--json']);
  if (run.code !== 0) throw new Error(`rotate ${args.join(' ')}: ${run.stderr}${run.stdout}`);
  return lastLine(run);
}

async function joinWith(lab: Lab, token: string, agentFile: string, more: string[] = []): Promise<string> {
  const command = [process.execPath, agentProgram, '--config', agentFile, 'join', token, ...more];
  const { stdout, stderr } = await lab.control.run(command);
  return stdout + stderr;
}

async function answering(lab: Lab): Promise<Record<string, boolean>> {
  const { nodes } = await told(lab, ['status']);
  return Object.fromEntries(
    nodes.map(({ node, answers }: { node: string; answers: boolean }) => [node, answers]),
  );
}
