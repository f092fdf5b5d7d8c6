import { expect, test } from 'vitest';
import { faultOf, stopFault } from './judge-container.ts';

const runs = { status: 'running', exitCode: 0, error: '', restarts: 0 };

test.each(['running', 'created', 'paused', 'removing'])('a container that is %s may run', (status) => {
  expect(faultOf({ ...runs, status })).toBeUndefined();
});

test.each([
  ['is exited after its restart (code 3)', { status: 'exited', exitCode: 3 }],
  ['is stopped after its restart (code 0)', { status: 'stopped' }],
  ['is restarting after its restart (code 1)', { status: 'restarting', exitCode: 1 }],
  [
    'is dead after its restart (code 127: no such file)',
    { status: 'dead', exitCode: 127, error: 'no such file' },
  ],
  ['was started again by its engine 1 time since its restart (code 0)', { restarts: 1 }],
  [
    'was started again by its engine 3 times since its restart (code 1)',
    { status: 'restarting', restarts: 3, exitCode: 1 },
  ],
])('a container %s', (what, seen) => {
  expect(faultOf({ ...runs, ...seen })).toBe(what);
});

test.each(['', 'SIGTERM', '15', 'SIGINT'])('etcd hears the stop signal %j', (stopSignal) => {
  expect(stopFault({ stopSignal })).toBeUndefined();
});

test.each(['SIGRTMIN+3', 'SIGKILL', '9', 'SIGUSR1'])('etcd does not hear %s', (stopSignal) => {
  expect(stopFault({ stopSignal })).toContain(stopSignal);
});
