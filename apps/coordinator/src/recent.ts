/** What was made lately, to be used again while it is good; the oldest is forgotten. */
export class Recent<T> {
  readonly #most: number;
  readonly #made = new Map<string, T>();

  constructor(most: number) {
    this.#most = most;
  }

  async get(key: string, isGood: (known: T) => boolean, make: () => Promise<T>): Promise<T> {
    const known = this.#made.get(key);
    if (known !== undefined && isGood(known)) return known;
    const made = await make();
    this.#made.delete(key);
    this.#made.set(key, made);
    const [oldest] = this.#made.size > this.#most ? this.#made.keys() : [];
    if (oldest !== undefined) this.#made.delete(oldest);
    return made;
  }
}
