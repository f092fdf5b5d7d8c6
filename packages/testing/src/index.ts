export {
  aClient,
  aCluster,
  aMember,
  amend,
  type ClientWish,
  ledBy,
  type MemberWish,
  type Part,
  withCas,
  withFlags,
  withPolicy,
  withProfile,
} from './a-cluster.ts';
export type { Holder } from './a-holder.ts';
export { aRequest, aRequestFor } from './a-request.ts';
export { FakeSigner } from './a-signer.ts';
export { Agent, failed } from './agent.ts';
export { aCa, aKey, aLeaf, type Ca, covers, hash, judge, unwrap, verify } from './certificates.ts';
export { Clock, start } from './clock.ts';
export type { Cluster } from './cluster.ts';
export { dryRun } from './dry-run.ts';
export { FakeAgents } from './fake-agents.ts';
export { type FakePorts, fakePorts } from './fake-ports.ts';
export { Play, planFor, replay } from './play.ts';
export { standIns } from './stand-ins.ts';
export { startRotation } from './start-rotation.ts';
export { planTranscript, rotationTranscript } from './transcript.ts';
