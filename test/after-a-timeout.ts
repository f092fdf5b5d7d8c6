// For vitest: a test that ran into its time limit has not closed its lab. What that had to say is printed, and it is ended:
// the next test must not find its processes.

import { endLabsOf } from '@etcd-rotate/lab';
import { afterEach } from 'vitest';

afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return;
  for (const text of await endLabsOf(process.pid)) console.error(text);
});
