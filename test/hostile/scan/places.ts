import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Lab } from '@etcd-rotate/lab';
import type { NatsOwner } from '../nats-owner.ts';

/** Somewhere that no private key may be. */
export interface Place {
  kind: string;
  name: string;
  bytes: Buffer;
}

/** Everything that a lab and its programs have left behind, but for the files in which keys have to lie. */
export function placesOf(lab: Lab, owner: NatsOwner, temporary: string): Place[] {
  const { folder, coordinator, members, services } = lab.layout;
  const { state } = coordinator;
  const found: Place[] = [
    ...filesIn('journal', join(state, 'journal')),
    ...filesIn('logs', services, (path) => path.endsWith('/log')),
    ...filesIn('logs', join(state, 'nats'), (path) => path.endsWith('.log')),
    ...filesIn('state of the coordinator', state, (path) => !/\/(journal\/|nats\/.*\.log)/.test(path)),
    ...filesIn(
      'files beside them',
      join(folder, 'coordinator'),
      (path) => !/\/(identity|state)\/|\/passphrase$/.test(path),
    ),
    ...members.flatMap(({ agentState, folder: node }) => [
      // What a node keeps for the way back, and the keys it has made: with their keys, mode 0600.
      ...filesIn('state of agents', agentState, (path) => !/\/(keys|before)\//.test(path)),
      ...filesIn('slot files', join(node, 'etcd', 'pki'), (path) => !isKeyFile(path)),
      ...filesIn('slot files', join(node, 'agent-client'), (path) => !isKeyFile(path)),
    ]),
    ...filesIn('temporary files', temporary, (path) => !path.startsWith(`${folder}/`)),
    ...owner.heard.map(({ subject, data, signature = '', from = '' }, i) => ({
      kind: 'NATS traffic',
      name: `message ${i} on ${subject}`,
      bytes: Buffer.concat([Buffer.from(`${subject} ${from} ${signature} `), data]),
    })),
  ];
  for (const [name, pid] of Object.entries(lab.pids())) {
    for (const what of ['cmdline', 'environ'])
      found.push({
        kind: 'processes',
        name: `${what} of ${name}`,
        bytes: readFileSync(`/proc/${pid}/${what}`),
      });
  }
  return found;
}

function isKeyFile(path: string): boolean {
  return /-key\.pem$/.test(path);
}

function filesIn(kind: string, folder: string, isIn: (path: string) => boolean = () => true): Place[] {
  if (!existsSync(folder)) return [];
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
  return paths
    .filter((path) => lstatSync(path).isFile() && isIn(path))
    .map((path) => ({ kind, name: relative(folder, path), bytes: readFileSync(path) }));
}
