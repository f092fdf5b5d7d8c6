// For vitest: nothing of ours is there before the first test and after the last one.

import { sweep } from '@etcd-rotate/nodes';

export const setup = (): Promise<void> => removeLeftovers('before');
export const teardown = (): Promise<void> => removeLeftovers('after');

async function removeLeftovers(when: string): Promise<void> {
  const { containers, networks } = await sweep(process.pid);
  if (containers + networks > 0) {
    console.log(`removed ${containers} containers and ${networks} networks that were left ${when} the tests`);
  }
}
