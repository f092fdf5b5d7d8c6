import { hostsOf, valuesOf } from '../flag-values.ts';

/** The hosts that a listener is bound to; one that listens on every address of its node is bound to none. */
export function listenHosts(flag: string | undefined): string[] {
  return hostsOf(valuesOf(flag)).filter((host) => !isUnspecified(host));
}

/** Whether a listener takes what comes to any address of its node, so that any name of the node leads to it. */
export function listensEverywhere(flag: string | undefined): boolean {
  return hostsOf(valuesOf(flag)).some(isUnspecified);
}

/** The address of nothing but zeros, in whatever way it is written: 0.0.0.0, ::, 0:0:0:0:0:0:0:0. */
function isUnspecified(host: string): boolean {
  return /^[0.:]+$/.test(host);
}

export function isLoopback(host: string): boolean {
  return host.toLowerCase() === 'localhost' || host === '::1' || /^127\./.test(host);
}
