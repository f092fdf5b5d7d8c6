/**
 * A private key or a passphrase. It prints as `[secret]` wherever text is made of it by accident: in logs, errors and
 * templates. The private field also keeps it out of `structuredClone` and of deep comparison output. JSON of it there is
 * none: a file with `[secret]` where a key should be would be a key that is lost.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The one way out, to be called where the value is written or used and nowhere else. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): never {
    throw new TypeError('a secret has no JSON');
  }

  [Symbol.toPrimitive](): string {
    return '[secret]';
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[secret]';
  }
}
