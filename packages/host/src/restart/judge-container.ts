import type { ContainerSeen } from './container-seen.ts';

/** Why a container will not run any more. Both engines count anew when somebody restarts a container, so that every restart that is counted came after it. */
export function faultOf({
  status,
  exitCode,
  error,
  restarts,
}: Pick<ContainerSeen, 'status' | 'exitCode' | 'error' | 'restarts'>): string | undefined {
  const how = `(code ${exitCode}${error ? `: ${error}` : ''})`;
  if (restarts > 0) {
    return `was started again by its engine ${restarts} time${restarts === 1 ? '' : 's'} since its restart ${how}`;
  }
  return ['exited', 'stopped', 'dead', 'restarting'].includes(status)
    ? `is ${status} after its restart ${how}`
    : undefined;
}

/** By which etcd stops in order; `--stop-signal` and images say others, such as systemd's own. */
const stops = ['', 'SIGTERM', 'TERM', '15', 'SIGINT', 'INT', '2'];

/** What a member does not hear on its way out: it would be killed at the end of its grace, at every restart. */
export function stopFault({ stopSignal }: Pick<ContainerSeen, 'stopSignal'>): string | undefined {
  return stops.includes(stopSignal)
    ? undefined
    : `is told to stop by ${stopSignal}, which etcd does not hear: it would be killed`;
}
