import { type Entry, type Failure, holderName } from '@etcd-rotate/protocol';
import colors from 'picocolors';
import type { Coordinator } from './coordinator.ts';
import type { Terminal } from './terminal.ts';
import { Tally } from './tally.ts';

export type Ending =
  | { type: 'finished'; tally: Tally }
  | { type: 'held'; failure: Failure; tally: Tally }
  | { type: 'detached' }
  | { type: 'lost'; failures: readonly Failure[] };

/** Shows a rotation while it goes on, from its journal, until it is finished or held or we are told to detach. */
export async function follow(
  coordinator: Coordinator,
  { rotation, after }: { rotation: string; after: number },
  { terminal, detach }: { terminal: Terminal; detach: AbortSignal },
): Promise<Ending> {
  const tally = new Tally();
  let last = after;
  let misses = 0;
  while (!detach.aborted) {
    const asked = coordinator.ask('journal', { type: 'journal', rotation, after: last, waitMs: 10_000 }, { timeoutMs: 15_000 });
    const answer = await Promise.race([asked, aborted(detach)]);
    if (answer === 'aborted') break;
    if (!answer.ok) {
      // A coordinator that is restarted goes on with the rotation, and we go on following.
      misses += 1;
      if (misses > 20) return { type: 'lost', failures: answer.failures };
      await new Promise((resolve) => setTimeout(resolve, 500));
      continue;
    }
    misses = 0;
    for (const entry of answer.value.entries) {
      tally.add(entry);
      show(entry, terminal);
      if (entry.body.type === 'finished') return { type: 'finished', tally };
      if (entry.body.type === 'held') return { type: 'held', failure: entry.body.failure, tally };
    }
    last = answer.value.last;
  }
  return { type: 'detached' };
}

function aborted(signal: AbortSignal): Promise<'aborted'> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve('aborted');
    signal.addEventListener('abort', () => resolve('aborted'), { once: true });
  });
}

function show({ at, body }: Entry, terminal: Terminal): void {
  const time = at.slice(11, 19);
  const say = (text: string): void => terminal.say(`${colors.dim(time)} ${text}`);
  switch (body.type) {
    case 'ca':
      say(`made ${body.name}: ${body.certificate.facts.subject}`);
      return terminal.tell({ type: 'ca', at, name: body.name, fingerprint: body.certificate.facts.fingerprint });
    case 'sent':
      if (body.command.body.type === 'change') say(colors.dim(`${body.step} …`));
      return terminal.tell({ type: 'sent', at, step: body.step, command: body.command.body.type, node: body.command.node });
    case 'result':
      return showResult(body.result, { step: body.step, at, say, terminal });
    case 'held':
      return terminal.tell({ type: 'held', at, failure: body.failure });
    case 'lead':
    case 'started':
    case 'signed':
    case 'resumed':
    case 'finished':
      return;
  }
}

function showResult(
  { outcome, holder, node }: Extract<Entry['body'], { type: 'result' }>['result'],
  { step, at, say, terminal }: { step: string; at: string; say(text: string): void; terminal: Terminal },
): void {
  const tell = (more: object): void => terminal.tell({ type: 'result', at, step, node, ok: outcome.ok, ...more });
  if (!outcome.ok) {
    say(`${colors.red('✗')} ${step}: ${outcome.failure.message} (${outcome.failure.code}, files ${outcome.decision})`);
    return tell({ failure: outcome.failure, decision: outcome.decision });
  }
  const { value } = outcome;
  switch (value.type) {
    case 'prepared':
      say(`${colors.green('✓')} ${step}: ${value.copies} files copied`);
      return tell({ copies: value.copies });
    case 'snapshot-taken':
      say(`${colors.green('✓')} ${step}: ${value.bytes} bytes at revision ${value.revision} on ${node}, verified`);
      return tell({ bytes: value.bytes, revision: value.revision });
    case 'changed': {
      const { took, restarted, leaderMoved, proofs } = value;
      const seconds = ((took.handOver + took.install + took.restart + took.serve + took.prove) / 1000).toFixed(2);
      const how = [leaderMoved ? 'lead moved' : '', restarted ? `${holderName(holder)} restarted` : ''].filter(Boolean);
      say(`${colors.green('✓')} ${step}: ${[...how, `${proofs.length} proofs`].join(', ')} (${seconds} s)`);
      return tell({ restarted, leaderMoved, took, proofs: proofs.length });
    }
    case 'proven':
      return tell({ proofs: value.proofs.length });
    case 'observed':
    case 'requested':
      return tell({});
  }
}
