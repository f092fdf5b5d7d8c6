import type { CertificateFacts, Entry, Plan } from '@etcd-rotate/protocol';

/** What a rotation cost and made, counted from its journal; of one that was turned, what its way back did. */
export class Tally {
  restarts = 0;
  clientsTaken = 0;
  leaderMoves = 0;
  proofs = 0;
  outcome: string | undefined;
  cas: { name: string; facts: CertificateFacts }[] = [];
  /** The plan that it was carried out by. */
  plan: Plan | undefined;
  readonly #leaves = new Map<string, { holder: string; slot: string; facts: CertificateFacts }>();
  #began: string | undefined;
  #ended: string | undefined;

  add({ at, body }: Entry): void {
    switch (body.type) {
      case 'started':
        this.#begin(at, body.plan);
        return;
      case 'turned':
        // What the way out made stays to be told of: at the end one wants to know whether it is still trusted.
        this.#begin(at, body.plan);
        return;
      case 'ca':
        this.cas.push({ name: body.name, facts: body.certificate.facts });
        return;
      case 'signed':
        for (const { holder, for: use, facts } of body.certificates) {
          if ('slot' in use) this.#leaves.set(`${holder} ${use.slot}`, { holder, slot: use.slot, facts });
        }
        return;
      case 'result':
        this.#result(body.result);
        return;
      case 'finished':
        this.outcome = body.outcome;
        this.#ended = at;
        return;
      case 'lead':
      case 'sent':
      case 'holding':
      case 'held':
      case 'resumed':
        return;
    }
  }

  /** The leaves that were issued; of a step that was tried again, those of its last try. */
  get leaves(): { holder: string; slot: string; facts: CertificateFacts }[] {
    return [...this.#leaves.values()];
  }

  /** From the beginning, or the turn, to the last entry. */
  get seconds(): number {
    if (this.#began === undefined || this.#ended === undefined) return 0;
    return (Date.parse(this.#ended) - Date.parse(this.#began)) / 1000;
  }

  #begin(at: string, plan: Plan): void {
    this.#began = at;
    this.plan = plan;
    this.restarts = 0;
    this.clientsTaken = 0;
    this.leaderMoves = 0;
    this.proofs = 0;
    this.#leaves.clear();
  }

  #result({ outcome, holder }: Extract<Entry['body'], { type: 'result' }>['result']): void {
    if (!outcome.ok) return;
    const { value } = outcome;
    if ('proofs' in value) this.proofs += value.proofs.length;
    if (value.type !== 'changed') return;
    if (value.restarted && holder.startsWith('member/')) this.restarts += 1;
    else if (holder.startsWith('client/')) this.clientsTaken += 1;
    if (value.leaderMoved) this.leaderMoves += 1;
  }
}
