import { type Entry, fail } from '@etcd-rotate/protocol';
import { exitCodes } from './exit-codes.ts';
import { give } from './give.ts';
import { type CommonOptions, withCoordinator } from './with-coordinator.ts';

/** What is written down: a line an entry, or the entries as they are. */
export function journal(rotation: string | undefined, options: CommonOptions): Promise<number> {
  return withCoordinator(options, async ({ coordinator, terminal }) => {
    let after = 0;
    let found = false;
    for (;;) {
      const about = rotation === undefined ? {} : { rotation };
      const answer = await coordinator.ask('journal', { type: 'journal', after, waitMs: 0, ...about });
      if (!answer.ok) return give(terminal, answer.failures);
      found ||= answer.value.entries.length > 0;
      for (const entry of answer.value.entries) {
        terminal.tell(entry);
        terminal.say(line(entry));
      }
      if (answer.value.entries.length === 0 || answer.value.last <= after) break;
      after = answer.value.last;
    }
    // Every rotation has at least the entry that it began with.
    if (rotation === undefined || found) return exitCodes.done;
    const { failure } = fail(
      'unknown-rotation',
      `there is no rotation ${rotation}`,
      'see those there are with: rotate status',
    );
    return give(terminal, [failure]);
  });
}

function line({ seq, at, epoch, body }: Entry): string {
  return `${String(seq).padStart(6)} ${at} e${epoch} ${body.type.padEnd(8)} ${about(body)}`;
}

function about(body: Entry['body']): string {
  switch (body.type) {
    case 'lead':
      return `${body.coordinator === undefined ? '' : `${body.coordinator}, `}version ${body.version}`;
    case 'started':
      return `${body.rotation} of ${body.cluster} by ${body.operator}, digest ${body.plan.digest.slice(0, 16)}`;
    case 'ca':
      return `${body.name}: ${body.certificate.facts.subject} ${body.certificate.facts.fingerprint.slice(0, 16)}`;
    case 'sent':
      return `${body.step} ${body.command.body.type} to ${body.command.node}`;
    case 'signed':
      return `${body.step} ${body.certificates.map((one) => ('slot' in one.for ? one.for.slot : `canary ${one.for.canary}`)).join(', ')}`;
    case 'result': {
      const { outcome } = body.result;
      return `${body.step} ${outcome.ok ? outcome.value.type : `${outcome.failure.code}, files ${outcome.decision}: ${outcome.failure.message}`}`;
    }
    case 'held':
      return `${body.rotation}: ${body.failure.code}: ${body.failure.message}`;
    case 'holding':
    case 'resumed':
      return `${body.rotation} by ${body.operator}`;
    case 'turned':
      return `${body.rotation} goes back, by ${body.operator}, digest ${body.plan.digest.slice(0, 16)}${body.plan.keepsNewCa ? ', the new CA stays' : ''}`;
    case 'finished':
      return `${body.rotation}: ${body.outcome}`;
    case 'approved':
      return `${body.rotation} by ${body.operator}, before ${body.before}`;
    case 'invited':
      return `${body.node} by ${body.operator}, until ${body.expiresAt}`;
    case 'joined':
      return `${body.node}, key ${body.publicKey}`;
    case 'removed':
      return `${body.node} by ${body.operator}`;
    case 'key-trusted':
      return `${body.node} obeys ${body.publicKey}`;
    case 'ca-key':
      return `${body.name} ${body.did}${body.operator === undefined ? '' : ` by ${body.operator}`}: ${body.subject} ${body.fingerprint.slice(0, 16)}`;
  }
}
