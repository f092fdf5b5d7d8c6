import { type Mutation, mutationsOf } from '../mutation.ts';

const drivers = 'packages/host/src/restart';

/** Whether what was restarted lives, and whether it may be restarted at all. */
export const restarts: Mutation[] = [
  ...mutationsOf(`${drivers}/judge-unit.ts`, [
    ['a service that systemd starts again is in a crash loop', 'if (restarts > 0) {', 'if (restarts > 5) {'],
    ['a service that is being stopped or started has no fault', 'if (hasJob) return undefined;', ''],
    [
      'a service that waits to be started again has ended',
      "if (sub.includes('auto-restart'))",
      "if (sub === 'failed')",
    ],
    ['a service that has failed does not run', "active === 'failed' || ", ''],
    ['a service that ended without an error does not run', " || active === 'inactive'", ''],
    ['a masked service is a problem', "if (seen.load === 'masked') {", "if (seen.load === '') {"],
    ['a service that was edited is a problem', '...(seen.isStale', '...(!seen.load'],
    ['a member gets the time that it needs to stop', 'limit >= leastGraceMs', 'limit >= 0'],
    ['a member is not stopped by SIGKILL', 'seen.killSignal === killed', 'seen.killSignal === 0'],
  ]),
  ...mutationsOf(`${drivers}/judge-container.ts`, [
    [
      'a container that its engine starts again is in a crash loop',
      'if (restarts > 0) {',
      'if (restarts > 5) {',
    ],
    ['a container that has exited does not run', "['exited', ", '['],
    ['a container that is between two tries does not run', ", 'restarting']", ']'],
  ]),
  ...mutationsOf('packages/protocol/src/agent-file.ts', [
    ['a container gets the time that it needs to stop', '(ms) => ms >= leastGraceMs', '(ms) => ms >= 0'],
    ['there is one way to restart', 'others.length === 0 && ', ''],
    ['a restart may last longer than the grace of its container', 'timeout > container.grace', 'timeout > 0'],
    ['an option of systemctl is no unit', '.regex(/^[A-Za-z0-9_:', '.regex(/^[-A-Za-z0-9_:'],
  ]),
];
