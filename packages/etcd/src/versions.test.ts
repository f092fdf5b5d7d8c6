import { expect, test } from 'vitest';
import { versionFacts } from './versions.ts';

test('tells 3.4 from 3.5', () => {
  expect(versionFacts('3.4.23')).toMatchObject({
    ok: true,
    value: { minor: '3.4', separateDialPairs: false },
  });
  expect(versionFacts('3.5.30')).toMatchObject({
    ok: true,
    value: { minor: '3.5', separateDialPairs: true },
  });
});

test('takes a newer minor for the newest it knows, and says so', () => {
  const facts = versionFacts('3.9.1');
  expect(facts).toMatchObject({
    ok: true,
    value: { minor: '3.6', assumed: expect.stringContaining('3.9.1') },
  });
  expect(versionFacts('3.6.14')).not.toHaveProperty('value.assumed');
});

test.each(['2.3.8', '3.3.27', '4.0.0', ''])('refuses %j', (version) => {
  expect(versionFacts(version)).toMatchObject({ ok: false, failure: { code: 'not-modelled' } });
});
