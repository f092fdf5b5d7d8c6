import type { FleetFile } from '@etcd-rotate/protocol';
import { observe, type PlanningPorts } from '@etcd-rotate/runner';

/** Longer than an agent takes to look, and short enough for a rotation to go on soon although one hangs. */
const askMs = 1_000;

/**
 * The highest epoch that any agent says it has stored, of those that answer soon; 0 when none does. The journal alone
 * does not know it where it was restored from a backup. An agent that does not answer now is told of the new epoch
 * before its first command, and refuses it if it knows a higher one.
 */
export async function seenEpoch(
  { fleet, clusters }: FleetFile,
  ports: Pick<PlanningPorts, 'agents' | 'newId' | 'clock' | 'epoch'>,
): Promise<number> {
  let highest = 0;
  const agents: PlanningPorts['agents'] = {
    async observe(command) {
      const seen = await ports.agents.observe(command);
      if (seen.ok) highest = Math.max(highest, seen.value.epoch);
      return seen;
    },
  };
  const asked = Promise.all(clusters.map((cluster) => observe(fleet, cluster, { ...ports, agents })));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, askMs);
  });
  await Promise.race([asked, late]);
  clearTimeout(timer);
  return highest;
}
