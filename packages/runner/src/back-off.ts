const soonestMs = 250;
const slowestMs = 2000;

/**
 * How long to wait for a node that does not take a command, after so many tries before this one. The first ones are
 * quick: an agent or nats-server that was restarted is back within a second. A node that comes back later should not wait
 * long either, and to ask it costs one message.
 */
export function backOff(triesBefore: number): number {
  return Math.min(soonestMs * 2 ** triesBefore, slowestMs);
}
