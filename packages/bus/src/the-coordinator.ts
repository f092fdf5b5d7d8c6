import type { Addressee } from './bus.ts';

export function theCoordinator(timeoutMs: number): Addressee {
  const hint = 'on the control plane: systemctl status etcd-rotate-coordinator';
  return { code: 'coordinator-away', name: 'the coordinator', hint, timeoutMs };
}
