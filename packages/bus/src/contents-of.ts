import { createHash } from 'node:crypto';
import type { Command } from '@etcd-rotate/protocol';

/** SHA-256 of what a command says, without what differs when it is sent again: the same id must mean the same thing. */
export function contentsOf(command: Command): string {
  const { epoch: _epoch, issuedAt: _issued, expiresAt: _expires, ...contents } = command;
  return createHash('sha256').update(JSON.stringify(contents)).digest('hex');
}
