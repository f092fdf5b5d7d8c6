import { readFileSync } from 'node:fs';
import { askCoordinator, connectBus } from '@etcd-rotate/bus';
import type { Lab } from '@etcd-rotate/lab';
import { IdentityFile, type OperatorBody, type OperatorReply, subjects } from '@etcd-rotate/protocol';

export interface Operator extends AsyncDisposable {
  ask(body: OperatorBody): Promise<OperatorReply['outcome']>;
}

/** An operator who is connected already: what he asks for is there within milliseconds. */
export async function operatorOf(lab: Lab): Promise<Operator> {
  const { fleet, name, nats, signingKey, coordinatorKey } = IdentityFile.parse(
    JSON.parse(readFileSync(lab.layout.operator, 'utf8')),
  );
  const bus = await connectBus({
    servers: nats.servers,
    ca: nats.ca,
    nkeySeed: nats.nkeySeed,
    name: 'a quick operator',
    inboxPrefix: subjects.inbox('operator', name),
    onEvent: () => undefined,
  });
  if (!bus.ok) throw new Error(bus.failure.message);
  const options = { fleet, operator: name, signingKey, coordinatorKey, now: () => new Date() };
  return {
    ask: (body) => askCoordinator(bus.value, options, { body, timeoutMs: 10_000 }),
    [Symbol.asyncDispose]: () => bus.value[Symbol.asyncDispose](),
  };
}
