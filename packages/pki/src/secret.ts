/**
 * A private key or a passphrase. It prints as `[secret]` wherever text is made of it by accident: in logs, errors,
 * templates and JSON. The private field also keeps it out of `structuredClone` and of deep comparison output.
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

  toJSON(): string {
    return '[secret]';
  }

  [Symbol.toPrimitive](): string {
    return '[secret]';
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[secret]';
  }
}
