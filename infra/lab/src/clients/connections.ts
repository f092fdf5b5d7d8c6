// One connection to every member, kept open: what a client holds that shall not wait behind a dead one. A member that
// is away is dialled again every few milliseconds rather than with the growing pauses of gRPC, which on loopback costs
// next to nothing.

import { type ClientHttp2Session, constants } from 'node:http2';
import { setTimeout as pause } from 'node:timers/promises';
import { type ClientFiles, type Credentials, dial, isRefusal, readCredentials } from '../grpc/dial.ts';

const redialEvery = 25;
const dialTimeout = 2_000;
const pingTimeout = 500;
/** How long calls under way may go on over the connections that a reload replaces. */
const drainTimeout = 2_000;

export interface Connection {
  endpoint: string;
  session: ClientHttp2Session;
}

interface Line {
  endpoint: string;
  current?: ClientHttp2Session;
  lastFailure?: string;
}

export class Connections {
  readonly #files: ClientFiles;
  readonly #lines: Line[];
  readonly #waiting = new Set<() => void>();
  readonly #suspects = new WeakSet<ClientHttp2Session>();
  #credentials: Credentials;
  #turn = 0;
  #closed = false;

  constructor(endpoints: string[], files: ClientFiles) {
    this.#files = files;
    this.#credentials = readCredentials(files);
    this.#lines = endpoints.map((endpoint) => ({ endpoint }));
    for (const line of this.#lines) void this.#keepOpen(line);
  }

  /** A usable connection, another one each time; one that was just slow only when there is no other. */
  next(not?: Connection): Connection | undefined {
    const usable = this.usable();
    const trusted = usable.filter(({ session }) => !this.#suspects.has(session));
    const candidates = trusted.length > 0 ? trusted : usable;
    const others = candidates.filter(({ session }) => session !== not?.session);
    const from = others.length > 0 ? others : candidates;
    this.#turn += 1;
    return from[this.#turn % Math.max(from.length, 1)];
  }

  usable(): Connection[] {
    return this.#lines.flatMap(({ endpoint, current }) =>
      current && isUsable(current) ? [{ endpoint, session: current }] : [],
    );
  }

  /** Resolves when a connection opens, or after `timeout` milliseconds. */
  change(timeout: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeout);
      this.#waiting.add(done);
    });
  }

  /** Something took too long here: asks whether the member still answers at all, and hangs up if not. */
  doubt({ session }: Connection): void {
    if (this.#suspects.has(session) || !isUsable(session)) return;
    this.#suspects.add(session);
    const timer = setTimeout(() => session.destroy(), pingTimeout);
    const settled = (): void => clearTimeout(timer);
    session.once('close', settled);
    session.ping((error) => {
      settled();
      if (!error) this.#suspects.delete(session);
    });
  }

  /**
   * Takes up the files as they are now: new connections first, then the old ones are closed, so that there is always one
   * to send over. Refuses, and stays as it was, when a member and these files do not trust each other.
   *
   * @param moved called once new calls go over the new connections, for whoever holds a long stream over an old one
   * @returns the endpoints connected to; a member that is away is not one of them and gets the new files when it is back
   */
  async reload(moved?: () => void): Promise<string[]> {
    const credentials = readCredentials(this.#files);
    const dialled = await Promise.all(
      this.#lines.map(async (line) => {
        try {
          return { line, session: await dial(line.endpoint, credentials, dialTimeout), error: undefined };
        } catch (error) {
          return { line, session: undefined, error: error ?? new Error('unknown') };
        }
      }),
    );
    const fresh = dialled.flatMap(({ line, session }) => (session ? [{ line, session }] : []));
    const failed = dialled.flatMap(({ line, error }) => (error ? [{ line, error }] : []));
    if (failed.some(({ error }) => isRefusal(error)) || fresh.length === 0) {
      for (const { session } of fresh) session.destroy();
      throw new Error(failed.map(({ line, error }) => `${line.endpoint}: ${message(error)}`).join('; '));
    }
    this.#credentials = credentials;
    const old = this.#lines.flatMap(({ current }) => (current ? [current] : []));
    for (const line of this.#lines) delete line.current;
    for (const { line, session } of fresh) this.#adopt(line, session);
    moved?.();
    await Promise.all(old.map(drain));
    return fresh.map(({ line }) => line.endpoint);
  }

  /** Why members are not connected, for a status file. */
  away(): Record<string, string> {
    const lines = this.#lines.filter(({ current }) => !current || !isUsable(current));
    return Object.fromEntries(
      lines.map(({ endpoint, lastFailure }) => [endpoint, lastFailure ?? 'dialling']),
    );
  }

  close(): void {
    this.#closed = true;
    for (const { current } of this.#lines) current?.destroy();
  }

  async #keepOpen(line: Line): Promise<void> {
    while (!this.#closed) {
      const started = Date.now();
      if (!line.current || !isUsable(line.current)) await this.#redial(line);
      const current = line.current;
      if (current && isUsable(current)) await closing(current);
      // Also the pause between two attempts at a member that is away.
      await pause(Math.max(0, redialEvery - (Date.now() - started)));
    }
  }

  async #redial(line: Line): Promise<void> {
    const credentials = this.#credentials;
    try {
      const session = await dial(line.endpoint, credentials, dialTimeout);
      // A reload came in between, and with it other files or already another connection.
      const late = this.#credentials !== credentials || (line.current && isUsable(line.current));
      if (late || this.#closed) session.destroy();
      else this.#adopt(line, session);
    } catch (error) {
      line.lastFailure = message(error);
    }
  }

  #adopt(line: Line, session: ClientHttp2Session): void {
    line.current = session;
    for (const done of [...this.#waiting]) done();
  }
}

function isUsable(session: ClientHttp2Session): boolean {
  // `closed` is also true once the member has said that it is going (GOAWAY).
  return !session.closed && !session.destroyed;
}

/** Resolves when a connection takes no new calls any more. */
function closing(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve) => {
    session.once('goaway', () => resolve());
    session.once('close', () => resolve());
    if (!isUsable(session)) resolve();
  });
}

async function drain(session: ClientHttp2Session): Promise<void> {
  if (session.destroyed) return;
  const timer = setTimeout(() => session.destroy(undefined, constants.NGHTTP2_CANCEL), drainTimeout);
  const closed = new Promise<void>((resolve) => session.once('close', () => resolve()));
  session.close();
  await closed;
  clearTimeout(timer);
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
