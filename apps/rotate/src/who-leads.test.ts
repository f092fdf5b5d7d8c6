import { expect, test } from 'vitest';
import { whoLeads } from './who-leads.ts';

const one = (name: string, { leads = false, version = '1.0.0' } = {}) => ({
  name,
  leads,
  version,
  since: '2026-06-01T12:00:00.000Z',
});

test('of one coordinator says no more than that it leads', () => {
  const said = whoLeads({ epoch: 3, coordinators: [one('c1', { leads: true })] });
  expect(said).toBe('coordinator leads under epoch 3');
});

test('of two says which one leads since when, and which stands by', () => {
  const said = whoLeads({ epoch: 7, coordinators: [one('c1'), one('c2', { leads: true })] });
  expect(said).toBe('coordinator c2 leads under epoch 7 since 2026-06-01 12:00:00, c1 stands by');
});

test('says it when who stands by has another version', () => {
  const coordinators = [one('c1', { version: '1.1.0' }), one('c2', { leads: true })];
  expect(whoLeads({ epoch: 7, coordinators })).toContain('c1 (version 1.1.0) stands by');
});
