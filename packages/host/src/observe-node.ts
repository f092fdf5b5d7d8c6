import type { Failure, HolderObservation, KeptLeaf, NodeObservation } from '@etcd-rotate/protocol';
import { problemsOfFiles } from './check-holder.ts';
import { problemsOfRestart } from './check-restart.ts';
import { keptLeaves } from './copies.ts';
import { roomForState, withoutRoom } from './disk-space.ts';
import type { Holder } from './holders.ts';
import { unreadableKeys } from './key-unreadable.ts';
import { foldersOf, holdersIn, memberOn, type Node } from './node.ts';
import { notWritable } from './not-writable.ts';
import { type MemberSeen, observeMember } from './observe-member.ts';
import { managedByOthers } from './operator-managed.ts';
import { clientNotFound, processOf } from './process-of.ts';
import { asSeen, type Process } from './processes.ts';
import { lastRead } from './reloads.ts';
import { slotsOnDisk } from './slots-on-disk.ts';

/**
 * What this node sees of a cluster: files, processes, and what its member says. Nothing is changed.
 *
 * @param keptOf the rotation whose kept copies are looked at, too
 */
export async function observeNode(node: Node, cluster: string, keptOf?: string): Promise<NodeObservation> {
  const seen = await Promise.all(holdersIn(node, cluster).map((holder) => observeHolder(node, holder)));
  const { fault, folder } = node.state;
  const dbBytes = seen.map((one) => one.dbBytes).find((bytes) => bytes !== undefined);
  const room = roomForState(memberOn(node, cluster) && { dbBytes });
  // Of the node itself, and told with the first holder: a plan is refused for it.
  const own = [...(fault ? [fault] : []), ...(await withoutRoom([folder], room)).map(on(node.name))];
  const holders = seen.map(({ observation }, index) =>
    index === 0 ? { ...observation, problems: [...own, ...observation.problems] } : observation,
  );
  const { now, underWay, state } = node;
  const said = { at: now().toISOString(), epoch: state.epoch.current(), underWay: underWay() };
  const kept = keptOf === undefined ? {} : { kept: await keptIn(node, cluster, keptOf) };
  return { node: node.name, ...said, holders, ...kept };
}

async function keptIn(node: Node, cluster: string, rotation: string): Promise<KeptLeaf[]> {
  const holders = holdersIn(node, cluster);
  const found = (['forward', 'back'] as const).map(async (direction) => {
    const leaves = await keptLeaves(holders, node.state.rotationFolder(rotation, direction));
    return leaves.map((leaf) => ({ direction, ...leaf }));
  });
  return (await Promise.all(found)).flat();
}

function on(whom: string): (failure: Failure) => Failure {
  return (failure) => ({ ...failure, message: `${whom}: ${failure.message}` });
}

type Seen = Omit<HolderObservation, 'holder' | 'process'> & Pick<MemberSeen, 'dbBytes'>;

async function observeHolder(
  node: Node,
  holder: Holder,
): Promise<{ observation: HolderObservation; dbBytes: number | undefined }> {
  const process = await processOf(holder);
  const folders = foldersOf(node, holder).map(({ path }) => path);
  const [ofFiles, room, closed, seen] = await Promise.all([
    problemsOfFiles(holder, node.holders),
    withoutRoom(folders),
    notWritable(folders),
    seenOf(node, holder, process),
  ]);
  const { dbBytes, ...rest } = seen;
  const problems = [...ofFiles, ...[...room, ...closed].map(on(holder.holder)), ...seen.problems];
  const running = process ? { process: asSeen(process) } : {};
  return { observation: { holder: holder.holder, ...running, ...rest, problems }, dbBytes };
}

async function seenOf(node: Node, holder: Holder, process: Process | undefined): Promise<Seen> {
  switch (holder.kind) {
    case 'member': {
      const agent = memberOn(node, holder.cluster)?.agent;
      const { observation, dbBytes } = await observeMember(holder, agent, process);
      return { ...observation, takes: 'restart', dbBytes };
    }
    case 'client': {
      const [slots, restart, managed, unreadable] = await Promise.all([
        slotsOnDisk(holder, await lastRead(node.state.reloads, holder, process)),
        problemsOfRestart(holder, process),
        managedByOthers(holder),
        process ? unreadableKeys(holder, process.pid) : [],
      ]);
      const missing = process ? [] : [clientNotFound(holder)];
      const takes = holder.restart ? 'restart' : 'reload';
      const { endpoints } = holder;
      return {
        slots,
        takes,
        endpoints,
        problems: [...missing, ...restart, ...managed, ...unreadable],
        dbBytes: undefined,
      };
    }
    case 'agent': {
      const [slots, problems] = await Promise.all([slotsOnDisk(holder, process), managedByOthers(holder)]);
      return { slots, takes: 'by-itself', problems, dbBytes: undefined };
    }
  }
}
