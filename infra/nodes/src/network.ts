import { getContainerRuntimeClient } from 'testcontainers';
import { labels } from './labels.ts';

let made = 0;

/** A network of our own, with a label to find it by: that of testcontainers has none. */
export async function makeNetwork(): Promise<string> {
  const { network } = await getContainerRuntimeClient();
  made += 1;
  const name = `etcd-rotate-${process.pid}-${made}`;
  await network.create({ Name: name, Labels: labels() });
  return name;
}

export async function removeNetwork(name: string): Promise<void> {
  const { network } = await getContainerRuntimeClient();
  await network.remove(network.getById(name));
}
