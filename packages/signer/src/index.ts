export type { CaRecord } from './ca-file.ts';
export type { Allowed } from './may-sign.ts';
export { openSigner, type SignerFolder } from './open-signer.ts';
export type { Adoption, CanaryRequest, CaOrder, LeafRequest } from './requests.ts';
export type { Signer } from './signer.ts';
