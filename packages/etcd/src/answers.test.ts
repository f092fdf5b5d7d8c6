import { expect, test } from 'vitest';
import { alarmsIn } from './answers.ts';

test('alarms are found among the errors of a status, whatever lies between their words', () => {
  const errors = ['memberID:10501334649042878790 alarm:NOSPACE ', 'memberID:255  alarm:CORRUPT'];
  expect(alarmsIn({ errors })).toEqual(['NOSPACE on 91bc3c398fb3c146', 'CORRUPT on ff']);
});

test('an alarm in words that are not known is told as it is', () => {
  const errors = ['alarm:NOSPACE', 'etcdserver: no leader'];
  expect(alarmsIn({ errors })).toEqual(['alarm:NOSPACE']);
});
