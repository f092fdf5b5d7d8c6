import { type Entry, holderName } from '@etcd-rotate/protocol';
import colors from 'picocolors';

/** An entry of the journal as it is shown while a rotation goes on: a line for a person, an event for a program. */
export interface Shown {
  line?: string;
  event?: object;
}

type Result = Extract<Entry['body'], { type: 'result' }>['result'];
type Changed = Extract<Extract<Result['outcome'], { ok: true }>['value'], { type: 'changed' }>;

export function showEntry({ at, body }: Entry): Shown {
  const line = (text: string): string => `${colors.dim(at.slice(11, 19))} ${text}`;
  switch (body.type) {
    case 'ca': {
      const { subject, fingerprint } = body.certificate.facts;
      return {
        line: line(`${done} made ${body.name}: ${subject}`),
        event: { type: 'ca', name: body.name, fingerprint },
      };
    }
    case 'sent': {
      const { node, body: sent } = body.command;
      return {
        ...(sent.type === 'change' ? { line: line(colors.dim(`… ${body.step}`)) } : {}),
        event: { type: 'sent', step: body.step, command: sent.type, node },
      };
    }
    case 'result': {
      const { text, more } = showResult(body.step, body.result);
      const { outcome, node } = body.result;
      return {
        ...(text === undefined ? {} : { line: line(text) }),
        event: { type: 'result', step: body.step, node, ok: outcome.ok, ...more },
      };
    }
    case 'held':
      return { event: { type: 'held', failure: body.failure } };
    case 'lead':
    case 'started':
    case 'signed':
    case 'resumed':
    case 'finished':
      return {};
  }
}

const done = colors.green('✓');

function showResult(step: string, { outcome, holder, node }: Result): { text?: string; more: object } {
  if (!outcome.ok) {
    const { failure, decision } = outcome;
    const text = `${colors.red('✗')} ${step}: ${failure.message} (${failure.code}, files ${decision})`;
    return { text, more: { failure, decision } };
  }
  const { value } = outcome;
  switch (value.type) {
    case 'prepared':
      return { text: `${done} ${step}: ${value.copies} files copied`, more: { copies: value.copies } };
    case 'snapshot-taken': {
      const { bytes, revision } = value;
      const text = `${done} ${step}: ${bytes} bytes at revision ${revision} on ${node}, verified`;
      return { text, more: { bytes, revision } };
    }
    case 'changed': {
      const { took, restarted, leaderMoved, proofs } = value;
      const text = `${done} ${step}: ${howTaken(holderName(holder), value)} (${secondsOf(value)} s)`;
      return { text, more: { restarted, leaderMoved, took, proofs: proofs.length } };
    }
    case 'proven':
      return {
        text: `${done} ${step}: ${value.proofs.length} proofs`,
        more: { proofs: value.proofs.length },
      };
    case 'observed':
    case 'requested':
      return { more: {} };
  }
}

function howTaken(name: string, { restarted, leaderMoved, process }: Changed): string {
  const lead = leaderMoved ? 'lead moved, ' : '';
  if (restarted) return `${lead}restarted as process ${process?.pid ?? '?'}`;
  return `${lead}${name} has it`;
}

function secondsOf({ took }: Changed): string {
  return ((took.before + took.restart + took.serve + took.prove) / 1000).toFixed(2);
}
