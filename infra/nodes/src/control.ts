// The programs under test as units, set up as the README says: the coordinator with a NATS of somebody else's, an agent a
// member.

import { join } from 'node:path';
import { nodesIn, type Ran, until } from '@etcd-rotate/lab';
import { agentFile, coordinatorFile, fleetFile, type PolicyText } from './files.ts';
import { coordinatorName, type FleetFiles, natsName } from './layout.ts';
import type { Machine, Unit } from './machine.ts';

export interface Control {
  readonly unit: Unit;
  readonly natsUnit: Unit;
  rotate(args: string[], onLine?: (line: string) => void): Promise<Ran>;
  /** Waits until the coordinator answers and has heard from every node. */
  ready(): Promise<void>;
  status(): Promise<Ran>;
}

export interface ControlOptions {
  nats: Machine;
  coordinator: Machine;
  members: readonly (Machine & { agent: Unit })[];
  files: FleetFiles;
  policy?: PolicyText;
  adoptCas?: boolean;
  oneCa?: boolean;
}

const etc = '/etc/etcd-rotate';
const natsAddress = `${natsName}:4222`;
const store = '/var/lib/nats';
const natsTls = '/etc/nats/tls';

export async function startControl(options: ControlOptions): Promise<Control> {
  const { nats, coordinator, members, files, policy = {} } = options;
  await coordinator.write(join(etc, 'fleet.yaml'), fleetFile(files, policy));
  await coordinator.write(join(etc, 'coordinator.yaml'), coordinatorFile(`tls://${natsAddress}`));
  await coordinator.sh(`
    (umask 077; openssl rand -base64 24 >${etc}/passphrase)
    etcd-rotate-coordinator init ${etc}/identity --fleet ${etc}/fleet.yaml --listen ${natsAddress}
    cp ${etc}/identity/operators/admin.identity.json ${etc}/operator.json`);
  const where = `--config ${etc}/coordinator.yaml --listen ${natsAddress} --monitoring 127.0.0.1:8222 --store ${store} --tls ${natsTls}`;
  await nats.write(
    '/etc/nats-server.conf',
    await coordinator.sh(`etcd-rotate-coordinator nats-config ${where}`),
    0o640,
  );
  for (const file of ['server.pem', 'server-key.pem', 'ca.pem']) {
    await nats.write(join(natsTls, file), await coordinator.read(`${etc}/identity/nats/${file}`), 0o640);
  }
  await nats.sh(`chgrp nats /etc/nats-server.conf ${natsTls}/*; install -d -o nats -g nats ${store}`);
  const natsUnit = nats.unit('nats-server.service');
  await natsUnit.enable();
  await natsUnit.start();

  const unit = coordinator.unit('etcd-rotate-coordinator.service');
  await coordinator.sh(`chown -R etcd-rotate:etcd-rotate ${etc}/identity`);
  await unit.enable();
  await unit.start();
  for (const { name, write, agent } of members) {
    const identity = await coordinator.read(`${etc}/identity/nodes/${name}.identity.json`);
    await write(join(etc, 'identity.json'), identity, 0o600);
    await write(join(etc, 'agent.yaml'), agentFile(name, files));
    await agent.enable();
    await agent.start();
  }
  const rotate: Control['rotate'] = (args, onLine) =>
    onLine ? coordinator.follow(['rotate', ...args], onLine) : coordinator.run(['rotate', ...args]);
  const control: Control = {
    unit,
    natsUnit,
    rotate,
    status: () => rotate(['status', '--json']),
    ready: () =>
      until(`${coordinatorName} has heard from every node`, () => everybodyAnswers(rotate), { every: 200 }),
  };
  await control.ready();
  return control;
}

async function everybodyAnswers(rotate: Control['rotate']): Promise<boolean> {
  const { code, stdout, stderr } = await rotate(['status', '--json']);
  // 4 says that a rotation is held, which is an answer as well.
  if (code !== 0 && code !== 4)
    throw new Error(`rotate status: exit ${code}: ${stderr.trim() || stdout.trim()}`);
  const found = nodesIn(JSON.parse(stdout));
  const away = found.filter(({ answers }) => !answers);
  if (away.length > 0) throw new Error(`no answer from ${away.map(({ node }) => node).join(', ')}`);
  return found.length > 0;
}
