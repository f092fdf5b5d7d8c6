import assert from 'node:assert/strict';
import { unwrap } from '../folder.fixture.ts';
import { momentNow, startedSince, untilNextTick } from '../moment.ts';
import { isSame, type Process } from '../processes.ts';
import type { RestartDriver } from './driver.ts';
import { eventually, type Rule } from './rules.fixture.ts';

/** Something that a driver restarts, as it was started by hand. */
export interface Subject extends AsyncDisposable {
  driver: RestartDriver;
  /** Ends it as an operator would. */
  stop(): Promise<void>;
}

/** What every driver holds to, whatever it drives. */
export function contractOf(aSubject: () => Promise<Subject>): Rule[] {
  return [
    {
      rule: 'a restart is another process, started after what was changed before it',
      holds: async () => {
        await using subject = await aSubject();
        const before = await processOf(subject);
        const changed = await momentNow();
        assert.equal(await startedSince(before, changed), false);
        await untilNextTick();
        unwrap(await subject.driver.restart());
        const now = await processOf(subject);
        assert.equal(isSame(before, now), false);
        assert.equal(await startedSince(now, changed), true);
        assert.equal(await subject.driver.fault(), undefined);
      },
    },
    {
      rule: 'what runs is the process that ran when it was looked up last, and has no fault and no problem',
      holds: async () => {
        await using subject = await aSubject();
        const [one, other] = [await processOf(subject), await processOf(subject)];
        assert.equal(isSame(one, other), true);
        assert.equal(await subject.driver.fault(), undefined);
        assert.deepEqual(await subject.driver.problems(), []);
      },
    },
    {
      rule: 'what was stopped has no process, and a restart starts it',
      holds: async () => {
        await using subject = await aSubject();
        await subject.stop();
        assert.equal(await subject.driver.process(), undefined);
        unwrap(await subject.driver.restart());
        await processOf(subject);
      },
    },
  ];
}

function processOf({ driver }: Subject): Promise<Process> {
  return eventually('a process', () => driver.process());
}
