export { claimAddresses } from './addresses.ts';
export { type Binaries, binaries, type EtcdVersion } from './binaries.ts';
export { type CertificateLayout, caFiles, type KeptLeaves, makeCertificates } from './certificates.ts';
export type {
  ClientConfig,
  WatcherReport,
  WatcherStatus,
  WriterReport,
  WriterStatus,
} from './clients/client-config.ts';
export type { Floor, SamplerReport } from './clients/sampler-config.ts';
export { type ControlPlane, nodesIn } from './control-plane.ts';
export { endLabsOf } from './end-labs-of.ts';
export { etcdCommand } from './etcd-flags.ts';
export { authCommands, type Lab, type PortName, type PresentedBy, readPair } from './lab.ts';
export type { LabOptions } from './lab-options.ts';
export {
  type ClientLayout,
  type CoordinatorLayout,
  clusterName,
  type Layout,
  type MemberLayout,
  type NatsLayout,
  type PairFiles,
  pairIn,
} from './layout.ts';
export { endLab, endLeftovers } from './leftovers.ts';
export { judge, type Load, type LoadReport, writesPerSecond } from './load.ts';
export { type KeyPair, type Presented, presented, tryLeaf, type Verdict } from './probe.ts';
export { type Ran, runProgram } from './run-program.ts';
export type { Sampler } from './sampler.ts';
export type { Restart, Service } from './services.ts';
export type { FoundCertificate, SlotFile } from './slot-files.ts';
export { startLab } from './start-lab.ts';
export { Hopeless, until } from './until.ts';
