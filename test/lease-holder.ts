// A process of its own that takes the lead and keeps it: one that is stopped must be another than the one that looks.

import { randomUUID } from 'node:crypto';
import { Secret } from '@etcd-rotate/protocol';
import { takeLease } from '../apps/coordinator/src/lead/lease.ts';
import { connectStore, coordinatorInbox } from '../packages/bus/src/index.ts';
import { fleet } from '../packages/bus/src/messages.fixture.ts';

const about = JSON.parse(process.argv[2] ?? '') as {
  servers: string[];
  ca: string;
  nkeySeed: string;
  signingKey: string;
  publicKey: string;
  leaseMs: number;
};
const { leaseMs } = about;
const [nkeySeed, signingKey] = [new Secret(about.nkeySeed), new Secret(about.signingKey)];
const connecting = {
  ...about,
  nkeySeed,
  signingKey,
  fleet,
  replicas: 1,
  name: 'holder',
  inboxPrefix: coordinatorInbox,
};
const store = await connectStore({ ...connecting, onEvent: () => undefined });
if (!store.ok) throw new Error(store.failure.message);
const holder = { v: 1, name: 'holder', instance: randomUUID(), run: randomUUID(), version: '0' } as const;
const { coordinators } = store.value;
let lease: Awaited<ReturnType<typeof take>>;
while (!lease) {
  lease = await take();
  await new Promise((resolve) => setTimeout(resolve, 20));
}
const { lost, holds } = lease;
console.log('taken');
lost.addEventListener('abort', () => console.log('lost'));
let last = performance.now();
setInterval(() => {
  const now = performance.now();
  if (now - last > leaseMs) console.log(`woken, holds: ${holds()}`);
  last = now;
}, 5);

async function take() {
  const taken = await takeLease({ coordinators, holder, leaseMs, now: () => new Date() });
  return taken.ok && 'lease' in taken.value ? taken.value.lease : undefined;
}
