import { existsSync, type FSWatcher, readFileSync, statSync, watch } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Lab } from '@etcd-rotate/lab';
import type { Entry } from '@etcd-rotate/protocol';
import { linesInStore, messagesFile } from './lines-in-store.ts';

/**
 * Follows a journal on disk while others write it. Told by the kernel, not by polling: a fault shall come within
 * milliseconds of an entry, and two cores have more to do than to look.
 */
export class JournalTail implements Disposable {
  readonly entries: Entry[] = [];
  readonly #place: Place;
  readonly #watcher: FSWatcher;
  readonly #timer: NodeJS.Timeout;
  readonly #listeners = new Set<() => void>();
  #bytes = 0;

  constructor(lab: Lab) {
    this.#place = placeOf(lab);
    // The folder, since that is there before its file, and outlives one that is replaced.
    this.#watcher = watch(dirname(this.#place.file), () => this.read());
    // The kernel may merge two changes into one event, and then nothing comes until the next.
    this.#timer = setInterval(() => this.read(), 50);
    this.read();
  }

  /** Takes in what was written since the last time; the half of a line is left for later. */
  read(): void {
    const { file, linesIn } = this.#place;
    if (!existsSync(file) || statSync(file).size === this.#bytes) return;
    const bytes = readFileSync(file);
    this.#bytes = bytes.length;
    const lines = linesIn(bytes).slice(this.entries.length);
    if (lines.length === 0) return;
    this.entries.push(...lines.map((line) => JSON.parse(line) as Entry));
    for (const listener of [...this.#listeners]) listener();
  }

  /** Calls at once, and after each entry or several. */
  follow(listener: () => void): Disposable {
    this.#listeners.add(listener);
    listener();
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** All of it as it lies on disk. */
  text(): string {
    return this.#place.textIn(readFileSync(this.#place.file));
  }

  [Symbol.dispose](): void {
    this.#watcher.close();
    clearInterval(this.#timer);
  }
}

interface Place {
  file: string;
  linesIn(bytes: Buffer): string[];
  textIn(bytes: Buffer): string;
}

function placeOf({ layout: { coordinator, nats } }: Lab): Place {
  if (!nats) {
    return {
      file: join(coordinator.state, 'journal', 'journal.jsonl'),
      linesIn: (bytes) =>
        bytes
          .subarray(0, bytes.lastIndexOf('\n') + 1)
          .toString('utf8')
          .split('\n')
          .filter(Boolean),
      textIn: (bytes) => bytes.toString('utf8'),
    };
  }
  return {
    file: messagesFile(nats.store),
    linesIn: linesInStore,
    textIn: (bytes) =>
      linesInStore(bytes)
        .map((line) => `${line}\n`)
        .join(''),
  };
}
