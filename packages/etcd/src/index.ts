export { acceptableIssuers, type Greeting } from './acceptable-issuers.ts';
export { canaryCsr, canaryName, makeCanaryKey, throwAwayCanary } from './canary.ts';
export { type Dialled, dial } from './dial.ts';
export { type Explained, explainRefusal } from './explain-refusal.ts';
export type { Between, Handshake, Seen } from './handshake.ts';
export type { KeyPair } from './key-pair.ts';
export { loadEtcdClient } from './lazy-client.ts';
export { type Look, lookAt, lookClosely } from './look-at.ts';
export type { Answered, Member, MemberTarget, Snapshot, Status } from './member.ts';
export { type ActivePeers, activePeers } from './metrics.ts';
export { openMember } from './open-member.ts';
export type { Probed } from './probe.ts';
export {
  type LeafInUse,
  type Loaded,
  proveLoaded,
  provePresents,
  proveReaches,
  seesPresented,
  wasRefusedBefore,
} from './prove.ts';
export { provePeersActive } from './prove-peers-active.ts';
export { proveServes, type Serves } from './prove-serves.ts';
export type { Target } from './target.ts';
export { allProven } from './until-proven.ts';
