import { apply, type Rotation, statusOf } from '@etcd-rotate/core';
import type { Journal } from '@etcd-rotate/journal';
import { isOfRotation, type RotationStatus } from '@etcd-rotate/protocol';

/** Every rotation as the journal tells it, kept up with each entry. */
export class Rotations {
  readonly #journal: Pick<Journal, 'entries'>;
  readonly #known = new Map<string, Rotation>();
  #upTo = 0;

  constructor(journal: Pick<Journal, 'entries'>) {
    this.#journal = journal;
  }

  all(): Rotation[] {
    for (const entry of this.#journal.entries(this.#upTo)) {
      this.#upTo = entry.seq;
      if (!isOfRotation(entry.body)) continue;
      const next = apply(this.#known.get(entry.body.rotation), entry);
      if (next) this.#known.set(next.id, next);
    }
    return [...this.#known.values()];
  }

  get(id: string): Rotation | undefined {
    return this.all().find((rotation) => rotation.id === id);
  }

  unfinished(cluster: string): Rotation | undefined {
    return this.all().find((one) => one.cluster === cluster && one.state.status !== 'finished');
  }

  statuses(cluster: string | undefined): RotationStatus[] {
    return this.all()
      .filter((one) => cluster === undefined || one.cluster === cluster)
      .map(statusOf);
  }
}
