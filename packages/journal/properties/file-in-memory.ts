import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';

/** As much of an open file as reading a journal needs, so that a file can be opened at every byte of it. */
export class FileInMemory {
  bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  createReadStream(): Readable {
    return Readable.from(this.bytes.length > 0 ? [this.bytes] : []);
  }

  async truncate(to: number): Promise<void> {
    this.bytes = this.bytes.subarray(0, to);
  }

  async datasync(): Promise<void> {}

  /** What reads it asks for no more than is here. */
  get handle(): FileHandle {
    return this as unknown as FileHandle;
  }
}
