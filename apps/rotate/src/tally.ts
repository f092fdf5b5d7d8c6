import type { CertificateFacts, Entry } from '@etcd-rotate/protocol';

/** What a rotation cost and made, counted from its journal. */
export class Tally {
  restarts = 0;
  clientsTaken = 0;
  leaderMoves = 0;
  proofs = 0;
  outcome: string | undefined;
  readonly cas: { name: string; facts: CertificateFacts }[] = [];
  readonly leaves: { holder: string; slot: string; facts: CertificateFacts }[] = [];
  #started: string | undefined;
  #ended: string | undefined;

  add({ at, body }: Entry): void {
    switch (body.type) {
      case 'started':
        this.#started = at;
        return;
      case 'ca':
        this.cas.push({ name: body.name, facts: body.certificate.facts });
        return;
      case 'signed':
        for (const { holder, for: use, facts } of body.certificates) {
          if ('slot' in use) this.leaves.push({ holder, slot: use.slot, facts });
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
      case 'held':
      case 'resumed':
        return;
    }
  }

  /** From the first entry of the rotation to its last. */
  get seconds(): number {
    if (this.#started === undefined || this.#ended === undefined) return 0;
    return (Date.parse(this.#ended) - Date.parse(this.#started)) / 1000;
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
