import { dirname } from 'node:path';
import type { AgentFile, HolderId } from '@etcd-rotate/protocol';
import type { Canaries } from './canaries.ts';
import type { Folder } from './generations.ts';
import {
  type AgentHolder,
  type Holder,
  holdersOf,
  type MemberHolder,
  managedNames,
  pathsOf,
} from './holders.ts';
import { Keys } from './keys.ts';
import type { NodeState } from './node-state.ts';

/** One node, as those who carry out commands know it. */
export interface Node {
  name: string;
  holders: readonly Holder[];
  state: NodeState;
  keys: Keys;
  canaries: Canaries;
  /** Commands of which this node is not at an end. */
  underWay(): string[];
  now(): Date;
}

export function nodeFrom(
  file: AgentFile,
  parts: Pick<Node, 'state' | 'canaries' | 'underWay' | 'now'>,
): Node {
  return { name: file.node, holders: holdersOf(file), keys: new Keys(), ...parts };
}

export function holdersIn(node: Node, cluster: string): Holder[] {
  return node.holders.filter((holder) => holder.cluster === cluster);
}

export function holderOf(node: Node, cluster: string, id: HolderId): Holder | undefined {
  return node.holders.find((holder) => holder.cluster === cluster && holder.holder === id);
}

/** The member of a cluster on this node, with the client that looks at it. */
export function memberOn(
  node: Node,
  cluster: string,
): { member: MemberHolder; agent: AgentHolder } | undefined {
  const member = node.holders.find((one) => one.kind === 'member' && one.cluster === cluster);
  const agent = node.holders.find((one) => one.kind === 'agent' && one.cluster === cluster);
  return member?.kind === 'member' && agent?.kind === 'agent' ? { member, agent } : undefined;
}

/** The folders of a holder's files. Slots of other holders in them move along, unchanged. */
export function foldersOf(node: Pick<Node, 'holders'>, holder: Holder): Folder[] {
  const paths = Object.values(holder.slots).flatMap(pathsOf);
  return [...new Set(paths.map((path) => dirname(path)))].map((path) => ({
    path,
    names: managedNames(node.holders, path),
  }));
}
