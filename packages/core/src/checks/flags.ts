import type { Failure, HolderObservation } from '@etcd-rotate/protocol';
import { fail } from '@etcd-rotate/protocol';
import { isOn, valuesOf } from '../flag-values.ts';

type Flags = Readonly<Record<string, string>>;

interface FlagRule {
  flag: string;
  refuses(value: string | undefined, flags: Flags): boolean;
  because: string;
  instead: string;
}

const isSet = (value: string | undefined): boolean => value !== undefined && value !== '';
const withoutTls = (value: string | undefined): boolean =>
  valuesOf(value).some((url) => !url.startsWith('https://'));

const notYet = 'this version does not rotate that; change the setting or wait for a version that does';
const toHttps = 'changing to https is another procedure (a member update and a restart): do that first';

/** What a member may be started with that this version does not model: refused by name, never ignored. */
const rules: FlagRule[] = [
  {
    flag: 'auto-tls',
    refuses: isOn,
    because: 'its client certificates are self-signed: there is no CA to rotate',
    instead: 'set up a CA and turn --auto-tls off first',
  },
  {
    flag: 'peer-auto-tls',
    refuses: isOn,
    because: 'its peer certificates are self-signed: there is no CA to rotate',
    instead: 'set up a CA and turn --peer-auto-tls off first',
  },
  {
    flag: 'client-cert-file',
    refuses: isSet,
    because: 'it dials with a pair of its own (--client-cert-file)',
    instead: notYet,
  },
  {
    flag: 'peer-client-cert-file',
    refuses: isSet,
    because: 'it dials its peers with a pair of its own (--peer-client-cert-file)',
    instead: notYet,
  },
  {
    // Its client URLs then speak gRPC alone, and answer no canary.
    flag: 'listen-client-http-urls',
    refuses: isSet,
    because: 'it has HTTP for clients on a port of its own (--listen-client-http-urls)',
    instead: notYet,
  },
  {
    flag: 'listen-client-urls',
    refuses: withoutTls,
    because: 'it listens for clients without TLS (--listen-client-urls)',
    instead: toHttps,
  },
  {
    flag: 'listen-peer-urls',
    refuses: withoutTls,
    because: 'it listens for peers without TLS (--listen-peer-urls)',
    instead: toHttps,
  },
  {
    flag: 'advertise-client-urls',
    refuses: withoutTls,
    because: 'it advertises a client URL without TLS (--advertise-client-urls)',
    instead: toHttps,
  },
  {
    // Go takes the system's roots where it is given no CAs (facts: etcd, section 1).
    flag: 'trusted-ca-file',
    refuses: (value, flags) => !isSet(value) && isOn(flags['client-cert-auth']),
    because:
      'it has --client-cert-auth without --trusted-ca-file: any CA of the system may issue its clients',
    instead: 'set --trusted-ca-file first',
  },
  {
    flag: 'trusted-ca-file',
    refuses: (value, flags) => !isSet(value) && !isOn(flags['client-cert-auth']),
    because: 'it has no --trusted-ca-file: it verifies no client',
    instead: 'set --trusted-ca-file and --client-cert-auth first',
  },
  {
    flag: 'peer-trusted-ca-file',
    refuses: (value, flags) => !isSet(value) && isOn(flags['peer-client-cert-auth']),
    because:
      'it has --peer-client-cert-auth without --peer-trusted-ca-file: any CA of the system may issue its peers',
    instead: 'set --peer-trusted-ca-file first',
  },
  {
    flag: 'peer-trusted-ca-file',
    refuses: (value, flags) => !isSet(value) && !isOn(flags['peer-client-cert-auth']),
    because: 'it has no --peer-trusted-ca-file: it verifies no peer',
    instead: 'set --peer-trusted-ca-file and --peer-client-cert-auth first',
  },
];

export function unmodelledFlags({ holder, flags }: HolderObservation): Failure[] {
  if (!flags) return [];
  return rules
    .filter(({ flag, refuses }) => refuses(flags[flag], flags))
    .map(({ because, instead }) => fail('not-modelled', `${holder}: ${because}`, instead).failure);
}
