import { expect, test } from 'vitest';
import { type AgentDoes, statusLine } from './status-line.ts';

const idle: AgentDoes = { nats: 'connected', servers: ['tls://10.0.0.5:4222'], goesOn: false, obeys: [] };
const change = {
  step: 'issue-m1',
  rotation: 'main-20261124-111503-c351',
  holder: 'member/m1',
  body: { type: 'lead' },
} as const;

test('says what is under way, and for which rotation', () => {
  expect(statusLine(idle)).toBe('idle');
  expect(statusLine({ ...idle, obeys: [change] })).toBe(
    'lead member/m1 (issue-m1 of main-20261124-111503-c351)',
  );
});

test('says that NATS is away, before what it does all the same', () => {
  expect(statusLine({ ...idle, nats: 'waiting' })).toBe('waiting for NATS at tls://10.0.0.5:4222');
  expect(statusLine({ ...idle, nats: 'lost', obeys: [change] })).toBe(
    'NATS at tls://10.0.0.5:4222 lost, looking for it; lead member/m1 (issue-m1 of main-20261124-111503-c351)',
  );
  expect(statusLine({ ...idle, nats: 'waiting', goesOn: true })).toBe(
    'waiting for NATS at tls://10.0.0.5:4222; goes on with what it was in the middle of',
  );
});
