import { type Entry, holderName, type Plan } from '@etcd-rotate/protocol';
import colors from 'picocolors';

/** An entry of the journal as it is shown while a rotation goes on: a line for a person, an event for a program. */
export interface Shown {
  line?: string;
  event?: object;
}

type Result = Extract<Entry['body'], { type: 'result' }>['result'];
type Changed = Extract<Extract<Result['outcome'], { ok: true }>['value'], { type: 'changed' }>;

/** @param plan the one that it is carried out by */
export function showEntry({ at, epoch, body }: Entry, plan?: Plan): Shown {
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
      const { text, more } = showResult(body.step, body.result, plan);
      const { outcome, node } = body.result;
      return {
        ...(text === undefined ? {} : { line: line(text) }),
        event: { type: 'result', step: body.step, node, ok: outcome.ok, ...more },
      };
    }
    case 'held':
      // Why, and what can be done, is said at the end of what is followed.
      return {
        line: line(`${colors.yellow('held')} (${body.failure.code})`),
        event: { type: 'held', failure: body.failure },
      };
    case 'holding':
      return {
        line: line(`${colors.yellow('holds')} before its next step, as ${body.operator} asked`),
        event: { type: 'holding', operator: body.operator },
      };
    case 'resumed':
      return {
        line: line(`${colors.cyan('resumed')} by ${body.operator}`),
        event: { type: 'resumed', operator: body.operator },
      };
    case 'turned': {
      const { operator, plan } = body;
      return {
        line: line(`${colors.cyan('goes back')}, as ${operator} asked: ${restartsOf(plan)}`),
        event: { type: 'turned', operator, keepsNewCa: plan.keepsNewCa, digest: plan.digest },
      };
    }
    case 'lead': {
      const who = body.coordinator === undefined ? 'a coordinator' : `coordinator ${body.coordinator}`;
      return {
        line: line(`${who} leads, epoch ${epoch}, version ${body.version}`),
        event: { type: 'lead', coordinator: body.coordinator, epoch },
      };
    }
    case 'approved':
      return {
        line: line(`${colors.cyan('approved')} by ${body.operator}`),
        event: { type: 'approved', operator: body.operator, before: body.before },
      };
    case 'started':
    case 'signed':
    case 'finished':
    // Not of a rotation: `rotate journal` shows them.
    case 'invited':
    case 'joined':
    case 'removed':
    case 'key-trusted':
    case 'ca-key':
      return {};
  }
}

function restartsOf({ estimate: { etcdRestarts } }: Plan): string {
  return `${etcdRestarts} ${etcdRestarts === 1 ? 'restart' : 'restarts'} of etcd`;
}

const done = colors.green('✓');

function showResult(
  step: string,
  { outcome, holder, node }: Result,
  plan: Plan | undefined,
): { text?: string; more: object } {
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
      const text = `${done} ${step}: ${leadOf(step, value, plan)}${howTaken(holderName(holder), value)} (${secondsOf(value)} s)`;
      return { text, more: { restarted, leaderMoved, took, proofs: proofs.length } };
    }
    case 'proven':
      return {
        text: `${done} ${step}: ${value.proofs.length} proofs`,
        more: { proofs: value.proofs.length },
      };
    case 'observed':
    case 'led':
    case 'key-trusted':
    case 'requested':
      return { more: {} };
  }
}

/** An election, or somebody, may bring the lead to a member that was not expected to have it by then. */
function leadOf(id: string, { leaderMoved }: Changed, plan: Plan | undefined): string {
  if (!leaderMoved) return '';
  const action = plan?.steps.find((step) => step.id === id)?.action;
  const isSurprise = action?.type === 'change' && action.handOverTo === undefined;
  return isSurprise ? 'the lead had come here since the plan was made, and was moved; ' : 'lead moved, ';
}

function howTaken(name: string, { restarted, process }: Changed): string {
  return restarted ? `restarted as process ${process?.pid ?? '?'}` : `${name} has it`;
}

function secondsOf({ took }: Changed): string {
  return ((took.before + took.restart + took.serve + took.prove) / 1000).toFixed(2);
}
