import { expect, test } from 'vitest';
import { startLab } from './start-lab.ts';

test.each(['3.4', '3.5'] as const)('etcd %s with auth on knows users by their common names', async (etcd) => {
  await using lab = await startLab({
    members: 1,
    etcd,
    keys: 'ecdsa',
    oneCa: false,
    control: false,
    agentCommonName: 'root',
    clientCommonName: 'app',
    etcdFlags: ['--snapshot-count=5000'],
  });
  await lab.enableAuth();
  expect(await lab.etcdctl(['user', 'list'])).toMatchObject({ code: 0, stdout: 'app\nroot\n' });
  const [writer] = lab.layout.clients;
  if (!writer) throw new Error('the lab has no writer');
  const { cert, key } = writer.pair;
  const asApp = await lab.etcdctl(['user', 'list', `--cert=${cert}`, `--key=${key}`]);
  expect(asApp.code).not.toBe(0);
  expect(asApp.stderr).toContain('permission denied');
  // And it may go on writing, and be read.
  const { writes, watch } = await lab.load.stop();
  expect(writes).toMatchObject({ lost: 0 });
  expect(watch).toMatchObject({ lost: 0 });
});
