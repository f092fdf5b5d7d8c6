import { hostsOf, valuesOf } from './flag-values.ts';

/** The hosts that a listener is bound to; one that listens on every address of its node is bound to none. */
export function listenHosts(flag: string | undefined): string[] {
  return hostsOf(valuesOf(flag)).filter((host) => host !== '0.0.0.0' && host !== '::');
}
