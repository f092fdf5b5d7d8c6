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

  /** Runs a rotation until its journal lets it rest; where its loop is there already, that sees what is new. */
  run(id: string): void {
    if (!this.#running.has(id)) this.#running.set(id, this.#untilItRests(id));
  }

  async #untilItRests(id: string): Promise<void> {
    const { log, ports } = this.#parts;
    // Whoever asked for it adds us to the list first.
    await Promise.resolve();
    for (;;) {
      const rotation = this.#rotations.get(id);
      // In the turn in which it is seen to rest: what is written later finds no loop, and begins one.
      if (!rotation || !isUnderWay(rotation) || this.#stop.signal.aborted) {
        this.#running.delete(id);
        break;
      }
      log.info({ rotation: id, cluster: rotation.cluster }, 'rotation goes on');
      const { rotation: last, failure } = await runRotation(rotation, ports, this.#stop.signal);
      if (!failure) {
        log.info({ rotation: id, state: last.state }, 'rotation rests');
        continue;
      }
      log.error({ rotation: id, failure }, 'the loop of a rotation ended');
      await this.#broken(id, failure);
      this.#running.delete(id);
      break;
    }
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

function isUnderWay({ state: { status } }: Rotation): boolean {
  return status === 'running' || status === 'holding';
}
