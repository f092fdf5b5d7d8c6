import type { Failure, HolderObservation } from '@etcd-rotate/protocol';
import { fail } from '@etcd-rotate/protocol';

interface FlagRule {
  flag: string;
  refuses(value: string | undefined): boolean;
  because: string;
  instead: string;
}

const isOn = (value: string | undefined): boolean => value === 'true' || value === '';
const urls = (value: string | undefined): string[] => value?.split(',').filter(Boolean) ?? [];
const isSet = (value: string | undefined): boolean => value !== undefined && value !== '';

const notYet = 'this version does not rotate that; change the setting or wait for a version that does';

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
    flag: 'listen-client-http-urls',
    refuses: isSet,
    because: 'it has further client listeners (--listen-client-http-urls)',
    instead: notYet,
  },
  {
    flag: 'listen-metrics-urls',
    refuses: (value) => urls(value).some((url) => url.startsWith('https://')),
    because: 'it has a metrics listener with TLS (--listen-metrics-urls)',
    instead: notYet,
  },
  {
    flag: 'listen-client-urls',
    refuses: (value) => urls(value).length > 1 || urls(value).some((url) => !url.startsWith('https://')),
    because: 'it listens for clients on more than one URL, or without TLS',
    instead: notYet,
  },
  {
    flag: 'listen-peer-urls',
    refuses: (value) => urls(value).length > 1 || urls(value).some((url) => !url.startsWith('https://')),
    because: 'it listens for peers on more than one URL, or without TLS',
    instead: notYet,
  },
  {
    flag: 'advertise-client-urls',
    refuses: (value) => urls(value).some((url) => !url.startsWith('https://')),
    because: 'it advertises a client URL without TLS',
    instead: 'changing to https is another procedure (a member update and a restart)',
  },
  {
    flag: 'trusted-ca-file',
    refuses: (value) => !isSet(value),
    because: 'it has no --trusted-ca-file: clients are verified against the system roots or not at all',
    instead: 'set --trusted-ca-file and --client-cert-auth first',
  },
  {
    flag: 'peer-trusted-ca-file',
    refuses: (value) => !isSet(value),
    because: 'it has no --peer-trusted-ca-file: peers are verified against the system roots or not at all',
    instead: 'set --peer-trusted-ca-file and --peer-client-cert-auth first',
  },
  {
    flag: 'client-crl-file',
    refuses: isSet,
    because: 'it reads a CRL (--client-crl-file)',
    instead: notYet,
  },
  { flag: 'peer-crl-file', refuses: isSet, because: 'it reads a CRL (--peer-crl-file)', instead: notYet },
  {
    flag: 'client-cert-allowed-hostname',
    refuses: isSet,
    because: 'it lets in clients of one host name only (--client-cert-allowed-hostname)',
    instead: notYet,
  },
  {
    flag: 'peer-cert-allowed-hostname',
    refuses: isSet,
    because: 'it lets in peers of one host name only (--peer-cert-allowed-hostname)',
    instead: notYet,
  },
];

export function unmodelledFlags({ holder, flags }: HolderObservation): Failure[] {
  if (!flags) return [];
  return rules
    .filter(({ flag, refuses }) => refuses(flags[flag]))
    .map(({ because, instead }) => fail('not-modelled', `${holder}: ${because}`, instead).failure);
}
