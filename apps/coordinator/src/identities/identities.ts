import type { Journal } from '@etcd-rotate/journal';
import type { Entry, IdentitiesFile, KnownIdentity, PublicKey } from '@etcd-rotate/protocol';

export interface Invitation {
  node: string;
  token: PublicKey;
  expiresAt: string;
  replaces: boolean;
}

export interface NodeIdentity {
  known: KnownIdentity;
  from: 'init' | 'join';
  /** Since when, of one that has joined. */
  since: string | undefined;
  /** The token it joined with. */
  token: PublicKey | undefined;
}

/**
 * Who may say something: the identities that `init` made, and what the journal says since of nodes that were let in or
 * removed. So two coordinators know the same ones without a file being brought from one to the other.
 */
export class Identities {
  readonly #journal: Pick<Journal, 'entries'>;
  readonly #operators: ReadonlyMap<string, KnownIdentity>;
  /** Of the file that `init` wrote, but for those that have ended. */
  readonly #made = new Map<string, NodeIdentity>();
  readonly #joined = new Map<string, NodeIdentity>();
  readonly #removed = new Set<string>();
  /** Every token that there ever was. */
  readonly #tokens = new Set<PublicKey>();
  /** Tokens that were not used yet, by node: a new one takes the place of the one before. */
  readonly #invitations = new Map<string, Invitation>();
  /** Nodes by the signing key that they are known to obey. */
  readonly #obeys = new Map<string, PublicKey>();
  #upTo = 0;
  #tail: Promise<unknown> = Promise.resolve();

  constructor({ known }: IdentitiesFile, journal: Pick<Journal, 'entries'>) {
    this.#journal = journal;
    this.#operators = new Map(known.flatMap((one) => (one.kind === 'operator' ? [[one.name, one]] : [])));
    for (const one of known.filter(({ kind }) => kind === 'node'))
      this.#made.set(one.name, { known: one, from: 'init', since: undefined, token: undefined });
  }

  /** What looks first and writes down then is done one after the other: else two could use one token. */
  oneByOne<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(work);
    this.#tail = done.catch(() => undefined);
    return done;
  }

  /** Those whose messages are believed now, for NATS. */
  all(): KnownIdentity[] {
    this.#read();
    const nodes = [...this.#made.values(), ...this.#joined.values()].map(({ known }) => known);
    return [...this.#operators.values(), ...nodes];
  }

  operator(name: string): KnownIdentity | undefined {
    return this.#operators.get(name);
  }

  /** Operators who may do more than look. */
  steering(): string[] {
    return [...this.#operators.values()].filter(({ readOnly }) => !readOnly).map(({ name }) => name);
  }

  node(name: string): NodeIdentity | undefined {
    this.#read();
    return this.#joined.get(name) ?? this.#made.get(name);
  }

  nodes(): string[] {
    this.#read();
    return [...new Set([...this.#made.keys(), ...this.#joined.keys(), ...this.#invitations.keys()])].sort();
  }

  /** The token that a node may join with, used or expired ones aside. */
  invitation(node: string, now: Date): Invitation | undefined {
    this.#read();
    const there = this.#invitations.get(node);
    return there && Date.parse(there.expiresAt) > now.getTime() ? there : undefined;
  }

  /** Whether it had an identity or a token that was ended. */
  wasRemoved(node: string): boolean {
    this.#read();
    return this.#removed.has(node);
  }

  /** Whether a token was made before: it is never good for a second time. */
  wasToken(token: PublicKey): boolean {
    this.#read();
    return this.#tokens.has(token);
  }

  obeys(node: string, key: PublicKey): boolean {
    this.#read();
    return this.#obeys.get(node) === key;
  }

  /** Whatever has that name. A node that was removed comes back by joining, not by what a file still says of it. */
  #end(name: string): void {
    this.#made.delete(name);
    this.#joined.delete(name);
    this.#invitations.delete(name);
    this.#obeys.delete(name);
  }

  #read(): void {
    for (const entry of this.#journal.entries(this.#upTo)) {
      this.#upTo = entry.seq;
      this.#take(entry);
    }
  }

  #take({ at, body }: Entry): void {
    switch (body.type) {
      case 'invited': {
        const { node, token, expiresAt, replaces } = body;
        this.#invitations.set(node, { node, token, expiresAt, replaces });
        this.#tokens.add(token);
        break;
      }
      case 'joined': {
        const { node: name, nkey, publicKey: key, token } = body;
        // Written down while it was taken back: then it counts for nothing.
        if (this.#invitations.get(name)?.token !== token) break;
        this.#end(name);
        this.#joined.set(name, { known: { kind: 'node', name, nkey, key }, from: 'join', since: at, token });
        break;
      }
      case 'removed':
        this.#end(body.node);
        this.#removed.add(body.node);
        break;
      case 'key-trusted':
        this.#obeys.set(body.node, body.publicKey);
        break;
      case 'lead':
      case 'started':
      case 'ca':
      case 'sent':
      case 'result':
      case 'signed':
      case 'holding':
      case 'held':
      case 'resumed':
      case 'turned':
      case 'finished':
      case 'approved':
      case 'ca-key':
    }
  }
}
