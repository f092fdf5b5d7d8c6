export { type ReadAdoption, readAdoption } from './adoption.ts';
export type { CaRecord } from './ca-file.ts';
export { type CaFiles, caFilesIn } from './ca-files.ts';
export { forgottenKey } from './forgotten-key.ts';
export type { Allowed } from './may-sign.ts';
export { openSigner, type SignerFolder } from './open-signer.ts';
export type { Adoption, CanaryRequest, CaOrder, LeafRequest, SpecimenOrder } from './requests.ts';
export type { Signer } from './signer.ts';
