export { type ReadAdoption, readAdoption } from './adoption.ts';
export type { CaRecord } from './ca-file.ts';
export { type CaFiles, caFilesIn } from './ca-files.ts';
export { forgottenKey } from './forgotten-key.ts';
export type { Allowed } from './may-sign.ts';
export { openSigner, type SignerFolder } from './open-signer.ts';
export { type CfsslOptions, cfsslCa } from './outside/cfssl.ts';
export type { OutsideCa, OutsideOrder } from './outside/outside-ca.ts';
export { readOutsideChain } from './outside/read-outside-chain.ts';
export { type VaultOptions, vaultCa } from './outside/vault.ts';
export type {
  Adoption,
  CanaryPlace,
  CanaryRequest,
  CaOrder,
  IsUnderWay,
  LeafRequest,
  SpecimenOrder,
} from './requests.ts';
export type { ListedCa, Signer } from './signer.ts';
export { writeNewFile } from './write-new-file.ts';
