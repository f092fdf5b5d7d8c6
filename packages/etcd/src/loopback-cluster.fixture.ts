import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { EtcdId, KeyKind } from '@etcd-rotate/protocol';
import { aCa, aLeaf, type TestCa, type TestLeaf } from './certificates.fixture.ts';
import { lookAt } from './look-at.ts';
import { aMember, type LoopbackMember } from './loopback-member.fixture.ts';
import type { MemberTarget } from './member.ts';
import { pollUntil } from './poll.ts';

export interface LoopbackCluster extends AsyncDisposable {
  members: [LoopbackMember, LoopbackMember, LoopbackMember];
  clientCa: TestCa;
  peerCa: TestCa;
  /** A client leaf of the client CA, and all that is needed to open a member with it. */
  client: TestLeaf;
  as(member: LoopbackMember): MemberTarget;
  serving(member: LoopbackMember): Promise<EtcdId>;
}

interface Wishes {
  version: '3.4' | '3.5';
  kind?: KeyKind;
  flags?: string[];
}

/** Three members on loopback addresses of this package, TLS with client certificates on both ports, a CA for each. */
export async function aLoopbackCluster({
  version,
  kind = 'ecdsa-p256',
  flags = [],
}: Wishes): Promise<LoopbackCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'etcd-rotate-etcd-'));
  const [clientCa, peerCa] = [await aCa('client CA', kind), await aCa('peer CA', kind)];
  const client = await aLeaf(clientCa, { commonName: 'tester', usages: ['clientAuth'] });
  const each = [1, 2, 3].map((n) => aMember(`m${n}`, { n, folder, program: etcdOf(version), flags }));
  const members = (await Promise.all(
    each.map((member) => member({ clientCa, peerCa })),
  )) as LoopbackCluster['members'];
  const cluster: LoopbackCluster = {
    members,
    clientCa,
    peerCa,
    client,
    as: ({ clientUrl }) => ({
      endpoint: clientUrl,
      ca: clientCa.certificate.pem,
      cert: client.cert,
      key: client.key,
    }),
    serving: async (member) => {
      const seen = await pollUntil({
        look: () => lookAt({ ...cluster.as(member), deadlineMs: 1000 }),
        enough: (look) => look.ok && look.value.serves,
        deadlineMs: 20_000,
      });
      if (seen.ok && seen.value.serves) return seen.value.memberId;
      throw new Error(`${member.name} does not serve: ${(await member.log()).slice(-2000)}`);
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(members.map((member) => member.stop('SIGKILL')));
      await rm(folder, { recursive: true });
    },
  };
  await Promise.all(members.map((member) => member.start()));
  try {
    await Promise.all(members.map((member) => cluster.serving(member)));
    return cluster;
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
}

/** What infra/binaries.sh unpacked, or the folder that ETCD_BIN names, with one for each version in it or not. */
function etcdOf(version: Wishes['version']): string {
  const folder = process.env.ETCD_BIN || resolve(import.meta.dirname, '../../../.cache/bin');
  const found = [join(folder, `etcd-${version}`, 'etcd'), join(folder, 'etcd')].find((file) =>
    existsSync(file),
  );
  if (found === undefined) throw new Error(`no etcd ${version} in ${folder}: run "npm run binaries"`);
  return found;
}
