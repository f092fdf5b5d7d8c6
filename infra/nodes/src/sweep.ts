// Nobody but us removes what a test run leaves behind: Ryuk, which does that elsewhere, wants an image of a registry.

import { existsSync } from 'node:fs';
import { getContainerRuntimeClient } from 'testcontainers';
import { ownerLabel } from './labels.ts';

/**
 * Removes containers and networks that carry our label: of owners that are gone, as after a crash, and of one that is
 * named.
 *
 * @returns how many of either there were
 */
export async function sweep(owner?: number): Promise<{ containers: number; networks: number }> {
  const { dockerode } = (await getContainerRuntimeClient()).container;
  const filters = JSON.stringify({ label: [ownerLabel] });
  const isOver = (of: Record<string, string> | undefined): boolean => {
    const pid = of?.[ownerLabel] ?? '';
    return pid === String(owner) || !existsSync(`/proc/${pid}`);
  };
  const containers = (await dockerode.listContainers({ all: true, filters })).filter((one) =>
    isOver(one.Labels),
  );
  await Promise.all(
    containers.map(({ Id }) => dockerode.getContainer(Id).remove({ force: true, v: true }).catch(unlessGone)),
  );
  const networks = (await dockerode.listNetworks({ filters })).filter((one) => isOver(one.Labels));
  await Promise.all(networks.map(({ Id }) => dockerode.getNetwork(Id).remove().catch(unlessGone)));
  return { containers: containers.length, networks: networks.length };
}

/** Somebody else may sweep at the same time. */
function unlessGone(error: unknown): void {
  const code =
    typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined;
  if (code !== 404 && code !== 409) throw error;
}
