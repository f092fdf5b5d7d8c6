export { claimAddresses } from './addresses.ts';
export { type Binaries, binaries, type EtcdVersion } from './binaries.ts';
export type { WatcherReport, WatcherStatus, WriterReport, WriterStatus } from './clients/client-config.ts';
export type { Floor, SamplerReport } from './clients/sampler-config.ts';
export type { ControlPlane } from './control-plane.ts';
export { endLabsOf } from './end-labs-of.ts';
export type { Lab, PortName, PresentedBy } from './lab.ts';
export type { LabOptions } from './lab-options.ts';
export {
  type ClientLayout,
  type CoordinatorLayout,
  clusterName,
  type Layout,
  type MemberLayout,
  type NatsLayout,
  type PairFiles,
} from './layout.ts';
export { endLab, endLeftovers } from './leftovers.ts';
export type { Load, LoadReport } from './load.ts';
export type { KeyPair, Presented, Verdict } from './probe.ts';
export type { Ran } from './run-program.ts';
export type { Sampler } from './sampler.ts';
export type { Restart, Service } from './services.ts';
export type { FoundCertificate, SlotFile } from './slot-files.ts';
export { startLab } from './start-lab.ts';
export { Hopeless, until } from './until.ts';
