import { randomBytes } from 'node:crypto';

/** `main-20261124-030000-1f3a`: cluster, time, and enough chance that two of one second differ. */
export function rotationId(cluster: string, now: Date): string {
  const [date = '', time = ''] = now.toISOString().replace(/[-:]/g, '').split(/[T.]/);
  return `${cluster.slice(0, 20).replace(/-$/, '')}-${date}-${time}-${randomBytes(2).toString('hex')}`;
}
