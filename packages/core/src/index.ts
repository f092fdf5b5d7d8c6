export { apply, awaits } from './apply.ts';
export { type Approval, approvalBefore, awaitedApproval, mayApprove } from './approval.ts';
export type { Check, CheckInput } from './checks/check.ts';
export { type LostCopies, lostCopies } from './checks/lost-copies.ts';
export {
  beforeResume,
  beforeWayBack,
  preflight,
  refusalsOf,
  resumeRefusalsOf,
  warningsOf,
  wayBackRefusalsOf,
} from './checks/preflight.ts';
export { changedWhileHeld } from './checks/resume.ts';
export { stoppedWhileHeld } from './checks/stopped.ts';
export { keyKindFor } from './commands.ts';
export type { Times } from './estimate.ts';
export {
  type Arrival,
  type Covers,
  type EtcdRules,
  refusedByDialler,
  refusedByListener,
} from './etcd-rules.ts';
export { gate } from './gate.ts';
export { currentGroup, isAnswered } from './groups.ts';
export { groupsOf } from './groups-of.ts';
export { membersOf } from './holders.ts';
export { isAsWanted, leafChangesOf, leafKey, unchanged } from './leaves.ts';
export { type Circumstances, type Move, nextMove, type ToSign } from './next-move.ts';
export { type PlanInput, planTowards } from './plan.ts';
export { provePlan, type StandIns } from './prove-plan.ts';
export { inFlight, type Progress, type Rotation, type State } from './rotation.ts';
export { statusOf } from './status.ts';
export { describeRefusal, type Judge, type Refusal, strangers, type Verdict, type Verify } from './trust.ts';
export { allowed, legalVerbs, mayDo, statusInWords, type Verb, verbs, type Where, whereIs } from './verbs.ts';
export type { WayBack } from './way-back.ts';
export { type Contents, type World, worldFrom } from './world.ts';
