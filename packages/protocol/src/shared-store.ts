import { z } from 'zod';
import { Failure } from './failure.ts';
import { Instant, Name } from './name.ts';

/** What a coordinator says of itself where several share a journal: as the holder of the lease, and as one that is there. */
export const CoordinatorSeen = z.strictObject({
  v: z.literal(1),
  name: Name,
  /** Of its state folder: two coordinators may have been given one name. */
  instance: z.uuid(),
  /** Of its process. */
  run: z.uuid(),
  version: z.string(),
  leads: z.boolean(),
  /** Since when it leads or stands by. */
  since: Instant,
  /** Why it will not take the lead. */
  cannotLead: Failure.optional(),
});
export type CoordinatorSeen = z.infer<typeof CoordinatorSeen>;

/** What proves that coordinators were given the same files, as SHA-256. */
export const SharedFiles = z.strictObject({
  v: z.literal(1),
  /** Rises each time an operator says that other files are the right ones. */
  revision: z.number().int().positive(),
  /** Of signing key, nkey and identities; public halves. */
  identity: z.string().regex(/^[0-9a-f]{64}$/),
  fleet: z.string().regex(/^[0-9a-f]{64}$/),
  /** Who said so, and when. */
  by: Name,
  at: Instant,
});
export type SharedFiles = z.infer<typeof SharedFiles>;
