const soonestMs = 250;
const slowestMs = 10_000;

/**
 * How long to wait for a node that does not take a command, after so many tries before this one. The first ones are
 * quick: an agent or nats-server that was restarted is back within a second, and nothing should wait longer than that.
 */
export function backOff(triesBefore: number): number {
  return Math.min(soonestMs * 2 ** triesBefore, slowestMs);
}
