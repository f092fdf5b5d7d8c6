// An etcd that tells systemd that it is ready and then fails: `systemctl restart` is content, and nobody else may be.

import { type Machine, nodes } from '@etcd-rotate/nodes';
import { expect, test } from 'vitest';
import { lastLine, nobodyLost } from '../reading.ts';
import { bundlesOf } from './looking.ts';
import { isWhole } from './whole.ts';

test.each(isWhole ? (['no', 'always'] as const) : (['always'] as const))(
  'a unit (Restart=%s) that fails right after READY gets its files of before back, and the rotation holds',
  async (restart) => {
    await using fleet = await nodes(3, {
      etcd: '3.5-older',
      prepare: (member) => (member.name === 'm2' ? makePicky(member, restart) : Promise.resolve()),
    });
    await fleet.load.start();
    const m2 = fleet.member('m2');
    const before = await bundlesOf(fleet);
    await m2.write(picky, '');

    const held = await fleet.rotate(['--cluster', 'demo', '--yes', '--json']);
    expect(held.code, held.stdout + held.stderr).toBe(4);
    expect(JSON.stringify(lastLine(held))).toMatch(/member\/m2: etcd\.service .*more than one CA/);
    expect(held.stdout).toContain('"decision":"restored"');
    await fleet.serving();
    const [client, peer] = (await bundlesOf(fleet)).slice(2, 4);
    expect([client, peer]).toEqual(before.slice(2, 4));

    await m2.sh(`rm ${picky}`);
    const ended = await fleet.rotate(['resume', '--json']);
    expect(lastLine(ended)).toMatchObject({ outcome: 'rotated' });
    nobodyLost(await fleet.load.stop());
  },
);

/** Where this file is, etcd does not bear two CAs in its bundle. */
const picky = '/etc/picky';

async function makePicky(member: Machine, restart: string): Promise<void> {
  await member.write(
    '/usr/local/bin/picky-etcd',
    `#!/bin/sh
if [ -e ${picky} ] && [ "$(grep -c BEGIN /etc/etcd/pki/ca.pem)" -gt 1 ]; then
  systemd-notify --ready
  sleep 0.2
  echo "picky: more than one CA" >&2
  exit 1
fi
exec /usr/bin/etcd
`,
    0o755,
  );
  await member.write(
    '/etc/systemd/system/etcd.service.d/test.conf',
    `[Service]\nNotifyAccess=all\nExecStart=\nExecStart=/usr/local/bin/picky-etcd\nRestart=${restart}\nRestartSec=100ms\n`,
  );
  await member.sh('systemctl daemon-reload');
}
