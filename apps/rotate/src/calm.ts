import type { Failure } from '@etcd-rotate/protocol';
import colors from 'picocolors';

/** Held as somebody asked: nothing is wrong, and there is time to weigh what to do. */
export function isCalm({ code }: Pick<Failure, 'code'>): boolean {
  return code === 'held-by-operator' || code === 'confirm-retire' || code === 'needs-approval';
}

/** Stands before why a rotation is held. */
export function mark(failure: Pick<Failure, 'code'>): string {
  return isCalm(failure) ? colors.yellow('!') : colors.red('✗');
}
