import { setTimeout as sleep } from 'node:timers/promises';
import { type Failure, fail, ok, type Restart, type Result } from '@etcd-rotate/protocol';
import { seenProcess } from '../processes.ts';
import type { Driven, RestartDriver } from './driver.ts';
import { faultOf, problemsOf } from './judge-unit.ts';
import { lastLinesOf, lookAtUnit, systemctl, type UnitSeen } from './unit.ts';

type InSystemd = Extract<Restart, { systemd: unknown }>;

const lookEveryMs = 50;

/**
 * A service of systemd. It is told with `--no-block`, and then looked at: neither a code of 0 nor READY=1 says that it lives,
 * since etcd sends READY before it opens its listeners (facts: toolchain, section 4.3).
 */
export function systemdDriver(
  { systemd: { unit }, timeout }: InSystemd,
  { holder, leastGraceMs }: Driven,
): RestartDriver {
  return {
    async restart() {
      const before = await lookAtUnit(unit);
      if (!before.ok) return before;
      // Counts from here on: restarts of before are forgiven, those that were counted against its limit as well, or it
      // would be refused right when the files of before are back. Where there is nothing to forgive, the restart says why.
      await systemctl('reset-failed', '--', unit);
      const told = await systemctl('restart', '--no-block', '--', unit);
      if (!told.ok) return (await isShuttingDown()) ? shuttingDown(unit) : told;
      // One that is started again and again may have been so once more in between. From here on, only our start can die.
      const { restarts, sub } = before.value;
      if (restarts > 0 || sub.includes('auto-restart')) await systemctl('reset-failed', '--', unit);
      const isNew = (seen: UnitSeen) => seen.invocation !== before.value.invocation && seen.mainPid > 0;
      return untilDone(unit, { timeout, isDone: (seen) => !seen.hasJob || isNew(seen) });
    },

    async process() {
      const seen = await lookAtUnit(unit);
      return seen.ok && seen.value.mainPid > 0 ? seenProcess(seen.value.mainPid) : undefined;
    },

    async isGone() {
      const seen = await lookAtUnit(unit);
      return seen.ok && seen.value.mainPid === 0;
    },

    async fault() {
      const seen = await lookAtUnit(unit);
      const what = seen.ok ? faultOf(seen.value) : undefined;
      if (!seen.ok || what === undefined) return undefined;
      const lines = await lastLinesOf(seen.value.id);
      return fail(
        'restart-failed',
        `${holder}: ${unit} ${what}${lines ? `; it wrote last: ${lines}` : ''}`,
        `see \`systemctl status ${unit}\` and its journal on the node`,
      ).failure;
    },

    async problems() {
      const seen = await lookAtUnit(unit);
      const found = seen.ok
        ? problemsOf(seen.value, { leastGraceMs, timeout })
        : [{ ...seen.failure, why: seen.failure.message }];
      return found.map(
        ({ why, hint }): Failure => fail('restart-unusable', `${holder}: ${unit} ${why}`, hint).failure,
      );
    },
  };
}

/** Then systemd starts nothing any more, and refuses a restart as `destructive`. */
async function isShuttingDown(): Promise<boolean> {
  // It ends with another code than 0 in any state but one.
  const state = await systemctl('show', '-p', 'SystemState');
  return state.ok && state.value.out.trim() === 'SystemState=stopping';
}

function shuttingDown(unit: string): Result<never> {
  const message = `this machine is shutting down, and ${unit} was not restarted`;
  return fail('restart-failed', message, 'when it is back and the member serves, `rotate resume`', true);
}

/** Tells a service to read its files again. A service that cannot is refused by systemctl itself. */
export async function reloadUnit(unit: string, timeout: number): Promise<Result<void>> {
  const told = await systemctl('reload', '--no-block', '--', unit);
  if (!told.ok) return told;
  const done = await untilDone(unit, { timeout, isDone: ({ hasJob }) => !hasJob });
  const seen = done.ok ? await lookAtUnit(unit) : done;
  if (!seen.ok) return seen;
  if (seen.value.reloadResult === 'success') return ok(undefined);
  const message = `${unit} could not be reloaded: ${seen.value.reloadResult}`;
  return fail('restart-failed', message, `see the journal of ${unit} on the node`);
}

async function untilDone(
  unit: string,
  { timeout, isDone }: { timeout: number; isDone: (seen: UnitSeen) => boolean },
): Promise<Result<void>> {
  const until = performance.now() + timeout;
  for (;;) {
    const seen = await lookAtUnit(unit);
    if (!seen.ok) return seen;
    if (isDone(seen.value)) return ok(undefined);
    if (performance.now() > until) {
      const { active, sub } = seen.value;
      const message = `${unit} is still ${active} (${sub}) ${timeout / 1000} s after it was told to begin anew`;
      return fail('restart-failed', message, `see \`systemctl status ${unit}\` on the node`);
    }
    await sleep(lookEveryMs);
  }
}
