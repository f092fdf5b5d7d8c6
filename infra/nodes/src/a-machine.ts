import { type EtcdVintage, imageOf } from './images.ts';
import { checkout } from './load.ts';
import { type Machine, startMachine } from './machine.ts';
import { makeNetwork, removeNetwork } from './network.ts';

/** One machine with that etcd and nothing of ours installed, which sees this checkout; gone at the end of its scope. */
export async function aMachine(etcd: EtcdVintage): Promise<Machine & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const image = await imageOf(etcd);
  const network = await makeNetwork();
  stack.defer(() => removeNetwork(network));
  const mounts = { [checkout.inside]: checkout.here };
  const machine = await startMachine({ name: 'm1', image, network, mounts });
  stack.defer(() => machine.remove());
  const whole = stack.move();
  return { ...machine, [Symbol.asyncDispose]: () => whole.disposeAsync() };
}
