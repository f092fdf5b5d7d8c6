import { expect, test } from 'vitest';
import { whyUnsafeSettings } from './safe-settings.ts';

const safe = {
  version: '2.10.27',
  jetstream: { config: { sync_interval: 120_000_000_000, sync_always: true } },
};

test('a server of 2.10 or newer that syncs every message keeps what it acknowledges', () => {
  expect(whyUnsafeSettings(safe)).toBeUndefined();
  expect(whyUnsafeSettings({ ...safe, version: '3.0.1' })).toBeUndefined();
  expect(whyUnsafeSettings({ ...safe, version: '2.11.0-RC.1' })).toBeUndefined();
});

test.each([
  [
    'that syncs every two minutes',
    { ...safe, jetstream: { config: { sync_interval: 120_000_000_000 } } },
    /sync_interval/,
  ],
  ['of an older version', { ...safe, version: '2.9.25' }, /2\.9\.25.*2\.10/],
  ['without JetStream', { ...safe, jetstream: {} }, /turned off/],
  ['that does not say its version', { ...safe, version: undefined }, /version/],
  ['that answers something else', 'hello', /version/],
])('a server %s is unsafe', (_what, varz, why) => {
  expect(whyUnsafeSettings(varz)).toMatch(why);
});
