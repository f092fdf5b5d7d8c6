import type { Command, CommandResult, OperatorReply, OperatorRequest } from '@etcd-rotate/protocol';

export const fleet = 'lab';
export const at = '2026-11-24T03:00:00.000Z';
export const at3 = (): Date => new Date(at);

export function aCommand(said: Partial<Command> = {}): Command {
  return {
    v: 1,
    id: 'r1.s1',
    fleet,
    cluster: 'main',
    rotation: 'r1',
    direction: 'forward',
    step: 's1',
    node: 'n1',
    holder: 'member/m1',
    epoch: 1,
    issuedAt: at,
    expiresAt: '2026-11-24T03:02:00.000Z',
    body: { type: 'snapshot' },
    ...said,
  };
}

export const untouched: CommandResult['outcome'] = {
  ok: false,
  failure: { code: 'snapshot-failed', message: 'no room', hint: 'make room', retryable: true },
  decision: 'untouched',
};

export function aResult(said: Partial<CommandResult> = {}): CommandResult {
  const { v, id, rotation, step, node, holder } = aCommand();
  return { v, id, fleet, rotation, step, node, holder, at, outcome: untouched, ...said };
}

export function aRequest(said: Partial<OperatorRequest> = {}): OperatorRequest {
  return {
    v: 1,
    id: 'q1',
    fleet,
    operator: 'alice',
    issuedAt: at,
    expiresAt: '2026-11-24T03:00:30.000Z',
    trusts: `${'A'.repeat(43)}=`,
    body: { type: 'resume', rotation: 'r1' },
    ...said,
  };
}

export function aReply(said: Partial<OperatorReply> = {}): OperatorReply {
  return { v: 1, id: 'q1', at, outcome: { ok: true, value: { type: 'done' } }, ...said };
}
