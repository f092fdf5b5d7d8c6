import type { Contents } from '@etcd-rotate/core';
import { nameFrom, subjectOf } from '@etcd-rotate/pki';
import {
  type Command,
  type CommandBody,
  type CommandResult,
  fail,
  type HolderId,
  type LeafChange,
  ok,
  type Result,
  type ResultValue,
  type Secret,
  type Slot,
} from '@etcd-rotate/protocol';
import { namesAfter, subjectAfter } from './after-change.ts';
import { csrLike, hash, keyNamed, read } from './certificates.ts';
import { changeHolder } from './change-holder.ts';
import type { Cluster } from './cluster.ts';
import { copyName } from './copy-name.ts';
import { proveMember } from './prove-member.ts';

export type Outcome = CommandResult['outcome'];

/**
 * The agent of a node, as it looks from outside: a command that comes again gets the answer it had, keys are made here
 * and stay here, and what is in memory alone is gone when it crashes.
 */
export class Agent {
  readonly cluster: Cluster;
  readonly node: string;
  /** What was there before a rotation. */
  readonly copies = new Map<string, Contents>();
  readonly keys = new Map<string, Secret>();
  /** What each command replaced: on disk before the first file moves. */
  readonly replaced = new Map<string, { files: ReadonlyMap<Slot, Contents>; writtenAt: number }>();
  /** In memory alone. */
  readonly canaries = new Map<string, Secret>();
  /** Told how far a change has come; it may throw, and nothing more is done then. */
  onProgress: (command: Command, done: 'installed' | 'restarted') => void = () => {};
  readonly #answers = new Map<string, Outcome>();
  readonly #contents = new Map<string, string>();
  #canariesMade = 0;

  constructor(cluster: Cluster, node: string) {
    this.cluster = cluster;
    this.node = node;
    cluster.copies.set(node, this.copies);
  }

  /** What is on disk stays. */
  crash(): void {
    this.canaries.clear();
  }

  /** As after a new disk: what it knew of its commands, and all that it had kept and made, is gone. */
  loseState(): void {
    this.crash();
    for (const lost of [this.copies, this.keys, this.replaced, this.#answers, this.#contents]) lost.clear();
  }

  obey(command: Command): Outcome {
    const contents = hash(JSON.stringify([command.step, command.holder, command.body]));
    const known = this.#contents.get(command.id);
    if (known !== undefined && known !== contents) throw new Error(`${command.id} came with other contents`);
    this.#contents.set(command.id, contents);
    const answered = this.#answers.get(command.id);
    if (answered) return answered;
    const outcome = this.carryOut(command);
    // What would come out differently the next time is to be done again.
    const settled = outcome.ok || outcome.decision !== 'untouched';
    if (settled && command.body.type !== 'prove') this.#answers.set(command.id, outcome);
    return outcome;
  }

  /** Without the memory of commands: what is done when a node is told so, be it again. */
  carryOut(command: Command): Outcome {
    const mishap = this.cluster.mishap(command);
    if (mishap) return mishap;
    const { body } = command;
    switch (body.type) {
      case 'observe':
        return ok({ type: 'observed', observation: this.cluster.observe(this.node, body.keptOf) });
      case 'lead':
        return ok({ type: 'led' });
      case 'trust-key':
        return ok({ type: 'key-trusted', publicKey: body.publicKey });
      case 'prepare':
        return ok(this.#prepare(command));
      case 'snapshot':
        return ok(this.#snapshot());
      case 'request':
        return answer(this.#request(command, body));
      case 'change':
        return changeHolder(this, command, body);
      case 'prove':
        return answer(proveMember(this, command, body));
    }
  }

  #prepare(command: Command): ResultValue {
    const holders = [...this.cluster.holders.values()].filter(({ node }) => node === this.node);
    for (const { id, files } of holders) {
      for (const [slot, contents] of files) {
        const copy = copyName(command, id, slot);
        if (!this.copies.has(copy)) this.copies.set(copy, contents);
      }
    }
    return { type: 'prepared', copies: this.copies.size };
  }

  #snapshot(): ResultValue {
    this.cluster.snapshots.push(this.node);
    return { type: 'snapshot-taken', bytes: 4096, sha256: hash(this.node), revision: this.cluster.index };
  }

  #request(command: Command, body: Extract<CommandBody, { type: 'request' }>): Result<ResultValue> {
    const { rotation, step, holder: id } = command;
    const holder = this.cluster.holder(id);
    const [peerLeaf] = holder.files.get('peer-leaf') ?? [];
    return ok({
      type: 'requested',
      leaves: body.leaves.map(({ slot, change }) => ({
        slot,
        csr: this.#leafCsr(rotation, { id, slot, change }),
        // Checked by the real signing alone: a key here is not that of the leaf it stands for.
        proof: '',
      })),
      canaries: body.canaries.map((domain) => {
        this.#canariesMade += 1;
        const keyName = `canary ${id} ${domain} ${this.#canariesMade}`;
        this.canaries.set(`${rotation} ${step} ${domain}`, keyNamed(keyName));
        const [like] = domain === 'peer' && peerLeaf ? read(peerLeaf) : [];
        const subject = like ? subjectOf(like) : nameFrom({ commonName: 'etcd-rotate-canary' });
        return {
          domain,
          csr: csrLike(keyName, { subject, names: like?.facts.names ?? { dns: [], ip: [] } }),
          proof: '',
        };
      }),
    });
  }

  #leafCsr(rotation: string, { id, slot, change }: { id: HolderId; slot: Slot; change: LeafChange }): string {
    const [leaf] = this.cluster.holder(id).files.get(slot) ?? [];
    const [like] = leaf ? read(leaf) : [];
    if (!like) throw new Error(`${id} has no ${slot}`);
    // The same one however often it is asked for in one rotation.
    const keyName = `${rotation} ${id} ${slot}`;
    this.keys.set(keyName, keyNamed(keyName));
    const names = namesAfter(like.facts.names, change);
    return csrLike(keyName, { subject: subjectAfter(like, change), names });
  }
}

function answer(result: Result<ResultValue>): Outcome {
  return result.ok ? result : { ...result, decision: 'untouched' };
}

/** An answer that says no. */
export function failed(
  code: Parameters<typeof fail>[0],
  how: { decision?: 'kept' | 'restored' | 'untouched'; retryable?: boolean; message?: string } = {},
): Outcome {
  const { decision = 'untouched', retryable = false, message = `it is ${code}` } = how;
  return { ...fail(code, message, 'put it right', retryable), decision };
}
