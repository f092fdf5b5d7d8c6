import type { ContainerSeen } from './container-seen.ts';

/** Why a container will not run any more. Both engines count anew when somebody restarts a container, so that every restart that is counted came after it. */
export function faultOf({
  status,
  exitCode,
  error,
  restarts,
}: Omit<ContainerSeen, 'mounts' | 'pid'>): string | undefined {
  const how = `(code ${exitCode}${error ? `: ${error}` : ''})`;
  if (restarts > 0) {
    return `was started again by its engine ${restarts} time${restarts === 1 ? '' : 's'} since its restart ${how}`;
  }
  return ['exited', 'stopped', 'dead', 'restarting'].includes(status)
    ? `is ${status} after its restart ${how}`
    : undefined;
}
