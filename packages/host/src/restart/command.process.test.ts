import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { aFolder, unwrap } from '../folder.fixture.ts';
import { loopback } from '../own-addresses.fixture.ts';
import { runCommand } from '../run-command.ts';
import { commandDriver } from './command.ts';
import { contractOf, type Subject } from './contract.fixture.ts';
import { eventually } from './rules.fixture.ts';

/** What an operator without an init system has. */
const service = `#!/bin/sh
cd "$(dirname "$0")" || exit 1
stop() {
  pid=$(cat pid 2>/dev/null) || return 0
  kill -KILL "$pid" 2>/dev/null
  while [ -d "/proc/$pid" ] && ! grep -q '^State:.Z' "/proc/$pid/status" 2>/dev/null; do sleep 0.01; done
  rm -f pid
}
start() {
  setsid "$(cat node)" -e "require('net').createServer().listen(7379, '${loopback}.7')" >/dev/null 2>&1 </dev/null &
  echo $! >pid
}
case $1 in stop) stop ;; restart) stop; start ;; *) echo "no such action: $1"; exit 2 ;; esac
`;

async function aSubject(): Promise<Subject> {
  const folder = await aFolder();
  await writeFile(folder.at('service'), service);
  await writeFile(folder.at('node'), process.execPath);
  const command = (action: string) => ({ command: ['sh', folder.at('service'), action], timeout: 5000 });
  const driver = commandDriver(command('restart'), `https://${loopback}.7:7379`);
  const stop = async () => unwrap(await runCommand(command('stop')));
  unwrap(await driver.restart());
  await eventually('the listener', () => driver.process());
  return {
    driver,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
      await folder[Symbol.asyncDispose]();
    },
  };
}

test.each(contractOf(aSubject))('$rule', ({ holds }) => holds());

test('a command that fails says what it said, and of what it left behind nobody knows a fault', async () => {
  const driver = commandDriver({ command: ['sh', '-c', 'echo no; exit 3'], timeout: 5000 }, undefined);
  const restarted = await driver.restart();
  expect(restarted).toMatchObject({ ok: false, failure: { code: 'restart-failed' } });
  expect(restarted.ok ? '' : restarted.failure.message).toContain('ended with code 3: no');
  expect(await driver.fault()).toBeUndefined();
  expect(await driver.process()).toBeUndefined();
});
