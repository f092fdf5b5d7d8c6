import { z } from 'zod';

/** Names of fleets, clusters, nodes, holders, CAs and operators. They become NATS subject tokens and file names. */
export const Name = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, {
  error: 'a name: lower-case letters, digits and hyphens, at most 63, e.g. "etcd-1"',
});
export type Name = z.infer<typeof Name>;

/** A point in time as ISO 8601 in UTC, e.g. `2026-11-24T03:00:00.000Z`. */
export const Instant = z.iso.datetime({ precision: 3 });
export type Instant = z.infer<typeof Instant>;

/** An etcd member or cluster id: up to 16 lower-case hex digits, as etcdctl prints it. */
export const EtcdId = z.string().regex(/^[0-9a-f]{1,16}$/);
export type EtcdId = z.infer<typeof EtcdId>;

/**
 * Identifies one command, request or rotation: lower-case letters, digits, dots and hyphens. A command's is made of its
 * rotation's and its step's, and a step's of up to two names.
 */
export const Id = z.string().regex(/^[a-z0-9][a-z0-9.-]{0,199}$/);
export type Id = z.infer<typeof Id>;
