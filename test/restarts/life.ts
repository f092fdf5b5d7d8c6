/**
 * What a process does to the world outside goes through its life: once it was killed, nothing it was in the middle of
 * ever comes back to it, and nothing new of it reaches disk or network.
 */
export class Life {
  #isOver = false;
  readonly #underWay = new Set<Promise<unknown>>();

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Begins to write, unless it is too late for that. */
  write<T>(what: () => Promise<T>): Promise<T> {
    return this.act(() => {
      const written = what();
      this.#underWay.add(written);
      const done = (): boolean => this.#underWay.delete(written);
      written.then(done, done);
      return written;
    });
  }

  /** Begins something outside, unless it is too late for that. */
  act<T>(what: () => Promise<T>): Promise<T> {
    if (this.#isOver) return forever;
    const outside = what();
    return new Promise<T>((resolve, reject) => {
      outside.then(
        (value) => this.#isOver || resolve(value),
        (error: unknown) => this.#isOver || reject(error),
      );
    });
  }

  end(): void {
    this.#isOver = true;
  }

  /** Resolves when the kernel is through with what was being written: a process that comes next finds the disk at rest. */
  async quiet(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }
}

/** What a process that is dead waits for. */
export const forever = new Promise<never>(() => {});
