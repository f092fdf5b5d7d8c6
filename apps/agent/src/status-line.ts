import type { Command } from '@etcd-rotate/protocol';

export interface AgentDoes {
  nats: 'waiting' | 'connected' | 'lost';
  servers: readonly string[];
  /** Whether it goes on with what it was in the middle of when it ended. */
  goesOn: boolean;
  /** What is being obeyed, in the order in which it began. */
  obeys: readonly Pick<Command, 'step' | 'rotation' | 'holder' | 'body'>[];
}

/** What `systemctl status` says of an agent. */
export function statusLine({ nats, servers, goesOn, obeys }: AgentDoes): string {
  const does = [
    ...(goesOn ? ['goes on with what it was in the middle of'] : []),
    ...obeys.map(({ step, rotation, holder, body }) => `${body.type} ${holder} (${step} of ${rotation})`),
  ];
  const where = servers.join(', ');
  const away = {
    waiting: [`waiting for NATS at ${where}`],
    lost: [`NATS at ${where} lost, looking for it`],
    connected: [],
  };
  return [...away[nats], ...does].join('; ') || 'idle';
}
