import type { Rotation } from '@etcd-rotate/core';
import type { Failure } from '@etcd-rotate/protocol';
import { runRotation } from '@etcd-rotate/runner';
import type { CoordinatorParts } from '../coordinator.ts';
import type { Rotations } from '../rotations.ts';

/** One loop for every rotation that is not held or finished. */
export class Loops {
  readonly #parts: CoordinatorParts;
  readonly #rotations: Rotations;
  readonly #running = new Map<string, Promise<void>>();
  readonly #stop = new AbortController();

  constructor(parts: CoordinatorParts, rotations: Rotations) {
    this.#parts = parts;
    this.#rotations = rotations;
  }

  run(rotation: Rotation): void {
    const { log, onStatus, ports } = this.#parts;
    const { id, cluster } = rotation;
    log.info({ rotation: id, cluster }, 'rotation goes on');
    onStatus(`rotating ${cluster}`);
    const loop = runRotation(rotation, ports, this.#stop.signal).then(async ({ rotation: last, failure }) => {
      this.#running.delete(id);
      if (failure) await this.#broken(id, failure);
      if (failure) log.error({ rotation: id, failure }, 'the loop of a rotation ended');
      else log.info({ rotation: id, state: last.state }, 'rotation rests');
      onStatus(this.#running.size === 0 ? 'idle' : `rotating ${this.#running.size} clusters`);
    });
    this.#running.set(id, loop);
  }

  isRunningIn(cluster: string): boolean {
    return [...this.#running.keys()].some((id) => this.#rotations.get(id)?.cluster === cluster);
  }

  /** Ends every loop between two moves; the journal says where to go on. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running.values());
  }

  /** A loop that broke holds its rotation; where not even that can be written, nobody must think that it goes on. */
  async #broken(id: string, failure: Failure): Promise<void> {
    const held =
      failure.code === 'internal'
        ? await this.#parts.journal.append({ type: 'held', rotation: id, failure })
        : { ok: false };
    if (!held.ok) this.#parts.onFatal(failure);
  }
}
