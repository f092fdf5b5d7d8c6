import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Layout } from './layout.ts';

/**
 * All folders of a lab, at once and by nobody else: when a lab is ended while it starts, what goes on for a moment finds
 * no folder instead of making it again.
 */
export function makeFolders({ members, clients, services, ca, coordinators, nats }: Layout): void {
  const secret = [
    ca,
    ...coordinators.map(({ folder }) => folder),
    ...(nats ? [nats.folder] : []),
    ...members.map(({ data }) => data),
  ];
  const open = [
    services,
    ...members.flatMap(({ server, agentClient }) => [dirname(server.cert), dirname(agentClient.cert)]),
    ...clients.map((client) => dirname(client.ca)),
  ];
  for (const folder of open) mkdirSync(folder, { recursive: true });
  for (const folder of secret) mkdirSync(folder, { recursive: true, mode: 0o700 });
}
