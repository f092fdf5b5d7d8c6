export { AgentClient, AgentFile, AgentMember } from './agent-file.ts';
export { CertificateFacts, Fingerprint, KeyKind, KnownCertificate, Names, Usage } from './certificate.ts';
export { Command, CommandBody, Expected, type Ports, SlotContents } from './command.ts';
export { CoordinatorFile } from './coordinator-file.ts';
export { Duration, day } from './duration.ts';
export { Entry, EntryBody, Outcome, Signed } from './entry.ts';
export { Failure, FailureCode, fail, failureCodes, ok, type Result } from './failure.ts';
export { FleetCluster, FleetFile, nodesOf, Policy, Profile, Restarts, Strategy } from './fleet-file.ts';
export { CoordinatorIdentity, IdentitiesFile, IdentityFile, PublicKey } from './identity.ts';
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
export { OperatorBody, OperatorReply, OperatorRequest, RotationRequest, RotationStatus } from './request.ts';
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
