import type { Proof } from '@etcd-rotate/protocol';
import { acceptableIssuers, type Greeting } from './acceptable-issuers.ts';
import type { Dialled } from './dial.ts';
import { explainRefusal } from './explain-refusal.ts';
import type { Handshake } from './handshake.ts';
import { pollUntil } from './poll.ts';
import { longestLookMs } from './until-proven.ts';

/** A proof with the handshake that it was seen by. */
export interface Look {
  proof: Proof;
  handshake: Omit<Handshake, 'seen'> & { seen: Dialled };
}

/** Until all is proven; what does not hold by then is told with its pair, slot, reason and fix. */
export async function untilExplained(
  deadlineMs: number,
  look: (timeoutMs: number) => Promise<Look[]>,
  enough: (proofs: readonly Proof[]) => boolean = (proofs) =>
    proofs.every(({ verdict }) => verdict === 'proven'),
): Promise<Proof[]> {
  const looks = await pollUntil<Look[]>({
    look: (leftMs) => look(Math.min(leftMs, longestLookMs)),
    enough: (seen) => enough(seen.map(({ proof }) => proof)),
    deadlineMs,
  });
  return explained(looks);
}

async function explained(looks: readonly Look[]): Promise<Proof[]> {
  const greetings = new Map<string, Promise<Greeting>>();
  const greeting = ({ url, from }: Look['handshake']) => {
    const asked =
      greetings.get(url) ??
      acceptableIssuers({ url, ...(from !== undefined && { localAddress: from }), timeoutMs: longestLookMs });
    greetings.set(url, asked);
    return asked;
  };
  return Promise.all(
    looks.map(async ({ proof, handshake: { seen, ...handshake } }) => {
      // Nobody was asked, or nobody answered: no refusal.
      if (proof.verdict === 'proven' || seen.type === 'unreachable' || !isAboutIt(proof, seen)) return proof;
      const { listed } = mayList(seen) ? await greeting({ ...handshake, seen }) : {};
      const about = { ...handshake, seen, ...(listed && { listed }) };
      const { refusal, sentence } = explainRefusal(about, Date.now());
      const fix = `${refusal.fix}; then \`rotate resume\`, or \`rotate rollback\``;
      return { ...proof, detail: sentence, refusal: { ...refusal, fix } };
    }),
  );
}

/** What was accepted is told as a fault only where it is one: before a change, it says that nothing can be proven. */
function isAboutIt({ what, verdict }: Proof, seen: Dialled): boolean {
  const isRefusal = what.startsWith('refuses-') || what === 'refused-before';
  if (what === 'refused-before') return verdict === 'not-provable';
  // A refusal that is right and that nothing was accepted beside.
  return !(isRefusal && seen.type === 'refused' && !seen.becauseOfDates);
}

/** Whether the CAs that the process has loaded say more of it. */
function mayList(seen: Dialled): boolean {
  return seen.type === 'refused' || seen.type === 'accepted';
}
