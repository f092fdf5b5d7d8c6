export {
  AgentClient,
  AgentFile,
  AgentMember,
  leastGraceMs,
  type Reload,
  type Restart,
} from './agent-file.ts';
export { CertificateFacts, Fingerprint, KeyKind, KnownCertificate, Names, Usage } from './certificate.ts';
export { Command, CommandBody, Expected, type Ports, SlotContents } from './command.ts';
export {
  ByUsage,
  CfsslSigner,
  CoordinatorFile,
  OutsideSigner,
  SecretPlace,
  VaultSigner,
} from './coordinator-file.ts';
export { Duration, day } from './duration.ts';
export { Entry, EntryBody, isOfRotation, type OfRotation, Outcome, Signed } from './entry.ts';
export { Failure, FailureCode, fail, failureCodes, ok, type Result } from './failure.ts';
export { FleetCluster, FleetFile, nodesOf, Policy, Profile, Restarts, Strategy } from './fleet-file.ts';
export {
  CoordinatorIdentity,
  type CoordinatorText,
  IdentitiesFile,
  IdentityFile,
  type IdentityText,
  type KnownIdentity,
  Nkey,
  PublicKey,
} from './identity.ts';
export { JoinReply, JoinRequest } from './join.ts';
export { EtcdId, Id, Instant, Name } from './name.ts';
export {
  HolderObservation,
  KeptLeaf,
  MemberListed,
  MemberStatus,
  NodeObservation,
  ProcessSeen,
  RevokedSeen,
  SlotOnDisk,
} from './observation.ts';
export { parse } from './parse.ts';
export {
  Action,
  Alternative,
  CaRef,
  Direction,
  DomainChange,
  Estimate,
  HowTaken,
  LeafChange,
  Plan,
  PlannedFrom,
  ProofLine,
  SlotTarget,
  Stage,
  Step,
} from './plan.ts';
export {
  type CaEntry,
  looking,
  type NodeEntry,
  OperatorBody,
  OperatorReply,
  OperatorRequest,
  type Refused,
  RotationRequest,
  RotationStatus,
  SealedToCoordinator,
} from './request.ts';
export {
  CommandResult,
  Decision,
  MemberLook,
  Proof,
  Refusal,
  RefusalCause,
  ResultValue,
  unproven,
} from './result.ts';
export { Secret } from './secret.ts';
export { CoordinatorSeen, SharedFiles } from './shared-store.ts';
export {
  agentClient,
  ClientSlot,
  clientSlots,
  Domain,
  HolderId,
  holderName,
  MemberSlot,
  memberSlots,
  Slot,
  slots,
  slotsOf,
} from './slot.ts';
export { subjects } from './subjects.ts';
