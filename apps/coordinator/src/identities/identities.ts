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
  readonly #nodes = new Map<string, NodeIdentity>();
  /** Tokens that were not used yet, by node: a new one takes the place of the one before. */
  readonly #invitations = new Map<string, Invitation>();
  /** Nodes by the signing key that they are known to obey. */
  readonly #obeys = new Map<string, PublicKey>();
  #upTo = 0;

  constructor({ known }: IdentitiesFile, journal: Pick<Journal, 'entries'>) {
    this.#journal = journal;
    this.#operators = new Map(known.flatMap((one) => (one.kind === 'operator' ? [[one.name, one]] : [])));
    for (const one of known.filter(({ kind }) => kind === 'node'))
      this.#nodes.set(one.name, { known: one, from: 'init', since: undefined, token: undefined });
  }

  /** Those whose messages are believed now, for NATS. */
  all(): KnownIdentity[] {
    this.#read();
    return [...this.#operators.values(), ...[...this.#nodes.values()].map(({ known }) => known)];
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
    return this.#nodes.get(name);
  }

  nodes(): string[] {
    this.#read();
    return [...new Set([...this.#nodes.keys(), ...this.#invitations.keys()])].sort();
  }

  /** The token that a node may join with, used or expired ones aside. */
  invitation(node: string, now: Date): Invitation | undefined {
    this.#read();
    const there = this.#invitations.get(node);
    return there && Date.parse(there.expiresAt) > now.getTime() ? there : undefined;
  }

  obeys(node: string, key: PublicKey): boolean {
    this.#read();
    return this.#obeys.get(node) === key;
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
        break;
      }
      case 'joined': {
        const { node: name, nkey, publicKey: key, token } = body;
        this.#nodes.set(name, { known: { kind: 'node', name, nkey, key }, from: 'join', since: at, token });
        this.#invitations.delete(name);
        this.#obeys.delete(name);
        break;
      }
      case 'removed': {
        // An identity that `init` has made since is another one.
        if (this.#nodes.get(body.node)?.known.key === body.publicKey) this.#nodes.delete(body.node);
        this.#invitations.delete(body.node);
        break;
      }
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
