import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { aProcess } from './a-process.fixture.ts';
import { writeCrl } from './crl.fixture.ts';
import { aNode, type TestNode } from './node.fixture.ts';
import { memberOn } from './node.ts';
import { revokedBy } from './revoked.ts';

function memberOf(there: TestNode) {
  const member = memberOn(there.node, 'c')?.member;
  if (!member) throw new Error('no member');
  return member;
}

async function withCrl(serials: string[]): Promise<TestNode> {
  const there = await aNode();
  await writeCrl(there, { ca: there.clientCa, serials });
  return there;
}

describe('the CRLs of a running member', () => {
  test('are read in both formats, by whole paths and by those from its own folder', async () => {
    await using there = await withCrl(['0A', 'FF01']);
    await using running = await aProcess({ cwd: there.path });
    const flags = { 'client-crl-file': there.at('crl.pem'), 'peer-crl-file': 'crl.der' };
    expect(await revokedBy(memberOf(there), running.pid, flags)).toEqual({
      revoked: {
        client: { format: 'pem', serials: ['0a', 'ff01'] },
        peer: { format: 'der', serials: ['0a', 'ff01'] },
      },
      problems: [],
    });
  });

  test('are not asked for where there are none', async () => {
    await using there = await aNode();
    expect(await revokedBy(memberOf(there), process.pid, { name: 'm1' })).toEqual({ problems: [] });
  });

  test('that cannot be read are named with their flag, and the other is read all the same', async () => {
    await using there = await withCrl(['01']);
    await writeFile(there.at('cut.pem'), readFileSync(there.at('crl.pem')).subarray(0, -50));
    for (const path of [
      there.at('cut.pem'),
      there.at('nothing'),
      there.path,
      there.at('pki/ca.crt'),
      '/dev/zero',
    ]) {
      const flags = { 'client-crl-file': there.at('crl.der'), 'peer-crl-file': path };
      const { revoked, problems } = await revokedBy(memberOf(there), process.pid, flags);
      expect(revoked).toEqual({ client: { format: 'der', serials: ['01'] } });
      expect(problems).toHaveLength(1);
      expect(problems[0]?.code).toBe('crl-unusable');
      expect(problems[0]?.message).toContain(`member/m1: --peer-crl-file=${path}: the CRL cannot be read`);
    }
  });

  test('with more serials than fit into a message are not half of one', async () => {
    const many = Array.from({ length: 5001 }, (_none, n) => (0x100000 + n).toString(16).toUpperCase());
    await using there = await withCrl(many);
    const flags = { 'client-crl-file': there.at('crl.der') };
    const { revoked, problems } = await revokedBy(memberOf(there), process.pid, flags);
    expect(revoked).toEqual({});
    expect(problems[0]?.message).toContain('5001 serials');
  });
});
