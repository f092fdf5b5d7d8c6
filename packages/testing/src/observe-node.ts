import {
  type HolderObservation,
  holderName,
  type KeptLeaf,
  type MemberListed,
  type MemberStatus,
  type NodeObservation,
  type SlotOnDisk,
  slots,
} from '@etcd-rotate/protocol';
import type { Holder } from './a-holder.ts';
import { hash } from './certificates.ts';
import type { Cluster } from './cluster.ts';
import { copyName } from './copy-name.ts';

/**
 * What the agent of a node sees.
 *
 * @param keptOf the rotation whose kept copies are looked at, too
 */
export function observeNode(cluster: Cluster, node: string, keptOf?: string): NodeObservation {
  const holders = [...cluster.holders.values()].filter((holder) => holder.node === node);
  return {
    node,
    at: cluster.clock.now().toISOString(),
    epoch: 0,
    underWay: [],
    holders: holders.map((holder) => observeHolder(cluster, holder)),
    ...(keptOf === undefined ? {} : { kept: keptOn(cluster, node, { holders, rotation: keptOf }) }),
  };
}

function keptOn(
  cluster: Cluster,
  node: string,
  { holders, rotation }: { holders: readonly Holder[]; rotation: string },
): KeptLeaf[] {
  const copies = cluster.copies.get(node);
  return (['forward', 'back'] as const).flatMap((direction) =>
    holders.flatMap(({ id: holder, files }) =>
      [...files.keys()].flatMap((slot) => {
        const [leaf] = copies?.get(copyName({ rotation, direction }, holder, slot)) ?? [];
        if (slots[slot].holds === 'bundle' || !leaf) return [];
        return [{ direction, holder, slot, fingerprint: leaf.facts.fingerprint }];
      }),
    ),
  );
}

function observeHolder(cluster: Cluster, holder: Holder): HolderObservation {
  return {
    holder: holder.id,
    slots: Object.fromEntries([...holder.files.keys()].map((slot) => [slot, onDisk(holder, slot)])),
    ...(holder.process ? { process: holder.process } : {}),
    takes: holder.takes,
    problems: [],
    ...(holder.isMember ? asMember(cluster, holder) : {}),
  };
}

function onDisk(holder: Holder, slot: keyof typeof slots): SlotOnDisk {
  const contents = [...(holder.files.get(slot) ?? [])];
  const file = fileOf(holder, slot);
  const [served] = holder.inUse(slot);
  const seen = holder.isMember && holder.process !== undefined;
  if (slots[slot].holds === 'leaf') {
    const known = holder.isMember || holder.takes === 'by-itself' ? {} : { loaded: holder.isLoaded(slot) };
    return {
      chain: contents,
      file,
      ...known,
      ...(seen && served ? { served: served.facts.fingerprint } : {}),
    };
  }
  const listed = holder.inUse(slot).map(({ facts }) => facts.subject);
  return { bundle: contents, file, loaded: holder.isLoaded(slot), ...(seen ? { listed } : {}) };
}

function fileOf({ id, oneBundle }: Holder, slot: keyof typeof slots): string {
  return hash(`${id} ${oneBundle && slots[slot].holds === 'bundle' ? 'bundle' : slot}`).slice(0, 16);
}

function asMember(cluster: Cluster, member: Holder): Partial<HolderObservation> {
  const { clientUrls, peerUrls } = listed(cluster, member);
  return {
    endpoint: clientUrls[0] ?? '',
    peerEndpoint: peerUrls[0] ?? '',
    dialsFrom: ['127.0.0.1'],
    flags: {
      'listen-client-urls': 'https://0.0.0.0:2379',
      'listen-peer-urls': 'https://0.0.0.0:2380',
      'advertise-client-urls': clientUrls.join(),
      'initial-advertise-peer-urls': peerUrls.join(),
      'client-cert-auth': 'true',
      'peer-client-cert-auth': 'true',
      'trusted-ca-file': '/etc/etcd/ca.crt',
      'peer-trusted-ca-file': '/etc/etcd/peer-ca.crt',
      ...cluster.flags,
    },
    ...(member.process ? { status: statusOf(cluster, member) } : {}),
  };
}

function statusOf(cluster: Cluster, member: Holder): MemberStatus {
  const { clusterId, leader, term, index } = cluster;
  return {
    version: cluster.versions.get(member.id) ?? '3.5.30',
    clusterId,
    memberId: cluster.idOf(member.id),
    leader: cluster.idOf(leader),
    raftTerm: term,
    raftIndex: index,
    appliedIndex: index,
    revision: index,
    serves: cluster.serves(member),
    alarms: [],
    auth: 'off',
    members: cluster.members.map((one) => listed(cluster, one)),
  };
}

function listed(cluster: Cluster, { id }: Holder): MemberListed {
  const name = holderName(id);
  return {
    id: cluster.idOf(id),
    name,
    peerUrls: [`https://${name}.example:2380`],
    clientUrls: [`https://${name}.example:2379`],
    isLearner: false,
  };
}
