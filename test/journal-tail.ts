import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from '@etcd-rotate/lab';

/** Follows the journal of a lab's coordinator on its disk, from where it ends now. */
export class JournalTail {
  readonly #file: string;
  #at: number;
  #text = '';

  constructor(lab: Lab) {
    this.#file = join(lab.folder, 'coordinator/state/journal/journal.jsonl');
    this.#at = statSync(this.#file).size;
  }

  /** What was written since. */
  text(): string {
    const { size } = statSync(this.#file);
    if (size > this.#at) {
      const bytes = Buffer.alloc(size - this.#at);
      const file = openSync(this.#file, 'r');
      this.#at += readSync(file, bytes, 0, bytes.length, this.#at);
      closeSync(file);
      this.#text += bytes.toString('utf8');
    }
    return this.#text;
  }

  /** Waits for what a line says, and gives up once `over` says that none will come any more. */
  async until(line: RegExp, over: () => boolean): Promise<RegExpExecArray> {
    for (;;) {
      const ended = over();
      const found = line.exec(this.text());
      if (found) return found;
      if (ended) throw new Error(`the journal never said ${line}: ${this.#text.slice(-500)}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
