import { milliseconds } from './time-span.ts';
import type { UnitSeen } from './unit.ts';

/** Why a service will not run any more. Nothing is said of one that has a job: it is being stopped or started. */
export function faultOf({ active, sub, hasJob, restarts, result, ended }: UnitSeen): string | undefined {
  const how = result === 'success' ? '' : ` (${result}${inWords(ended)})`;
  if (restarts > 0) {
    return `was started again by systemd ${restarts} time${restarts === 1 ? '' : 's'} since its restart${how}`;
  }
  if (hasJob) return undefined;
  if (sub.includes('auto-restart')) return `has ended by itself, and systemd will start it again${how}`;
  return active === 'failed' || active === 'inactive' ? `is ${active} after its restart${how}` : undefined;
}

/** CLD_EXITED, of waitid(2). */
const exited = 1;

function inWords({ how, with: what }: UnitSeen['ended']): string {
  if (how === 0) return '';
  return how === exited
    ? `: its process ended with code ${what}`
    : `: its process was ended by signal ${what}`;
}

const killed = 9;

/** What would be in the way of its next restart. */
export function problemsOf(
  seen: UnitSeen,
  { leastGraceMs, timeout }: { leastGraceMs: number; timeout: number },
): { why: string; hint: string }[] {
  const correct = 'correct `restart` in the agent file';
  if (seen.load === 'not-found') return [{ why: 'is no unit that systemd knows', hint: correct }];
  if (seen.load === 'masked') {
    return [{ why: 'is masked: systemd would not start it', hint: '`systemctl unmask` it' }];
  }
  if (seen.load !== 'loaded') {
    return [{ why: `cannot be loaded (${seen.load})`, hint: 'see `systemctl status`; correct the unit' }];
  }
  const stale = 'was changed on disk since systemd read it: a restart would not start what runs now';
  const limit = milliseconds(seen.stopWithin);
  const hasGrace = limit === undefined || limit >= leastGraceMs;
  const isKilled = leastGraceMs > 0 && [seen.killSignal, seen.restartKillSignal].includes(killed);
  const isPatient = limit === undefined || limit < timeout;
  return [
    ...(seen.isStale
      ? [{ why: stale, hint: 'see that it is as it should be, then `systemctl daemon-reload`' }]
      : []),
    ...(hasGrace
      ? []
      : [
          {
            why: `is killed ${seen.stopWithin} after it was told to stop`,
            hint: `set TimeoutStopSec to ${leastGraceMs / 1000} s at least`,
          },
        ]),
    ...(isKilled
      ? [{ why: 'is stopped by SIGKILL', hint: 'leave KillSignal and RestartKillSignal at SIGTERM' }]
      : []),
    ...(seen.mayBeTold
      ? []
      : [
          {
            why: 'may not be restarted by hand',
            hint: 'see RefuseManualStart and RefuseManualStop of the unit',
          },
        ]),
    ...(isPatient
      ? []
      : [
          {
            why: `may take ${seen.stopWithin} to stop, and its restart is given up after ${timeout / 1000} s`,
            hint: 'set `timeout` of `restart` in the agent file above TimeoutStopSec of the unit',
          },
        ]),
  ];
}
