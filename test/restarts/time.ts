import type { Cluster } from '@etcd-rotate/testing';

/** How much quicker time passes here: a second in which a coordinator waits for a node takes a tenth of one. */
export const speed = 10;

/** The time of every process of a run: the cluster's clock, pushed on as real time passes. */
export function timeOf({ clock }: Pick<Cluster, 'clock'>): () => Date {
  const origin = clock.now().getTime();
  const begun = performance.now();
  return () => {
    const due = Math.floor(origin + (performance.now() - begun) * speed);
    const behind = due - clock.now().getTime();
    if (behind > 0) clock.pass(behind);
    return clock.now();
  };
}
