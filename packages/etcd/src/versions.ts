import { fail, ok, type Result } from '@etcd-rotate/protocol';

/** How minor versions of etcd differ, as far as this version of etcd-rotate needs to know. */
export interface VersionFacts {
  minor: '3.4' | '3.5' | '3.6';
  /** `--client-cert-file` and `--peer-client-cert-file`: a pair of its own to dial with (facts: etcd, sections 1, 3). */
  separateDialPairs: boolean;
  /** A member that was cut off forces an election when it comes back, where pre-vote is off (facts: etcd, section 6). */
  preVoteByDefault: boolean;
  /** What a CRL file may be; the other makes every handshake fail (facts: etcd, section 2). */
  crlFormats: ('PEM' | 'DER')[];
  /** Whether the list of members can be asked of the majority; else it is always the member's own. */
  linearizableMemberList: boolean;
  /** Spellings of the switch that turns off the SAN check of peers, and of its YAML key (facts: etcd, section 4). */
  skipPeerSanCheck: string[];
  /** What the alerts that reject a certificate were seen to be; any of alerts.ts counts (facts: etcd, section 9). */
  refusals: { unknownCa: string; noCertificate: string };
  /** Log lines about a refused handshake (facts: etcd, section 1). */
  rejectedLines: string[];
}

const table: VersionFacts[] = [
  {
    minor: '3.4',
    separateDialPairs: false,
    preVoteByDefault: false,
    crlFormats: ['PEM', 'DER'],
    linearizableMemberList: false,
    skipPeerSanCheck: ['--experimental-peer-skip-client-san-verification'],
    refusals: { unknownCa: 'bad certificate', noCertificate: 'bad certificate' },
    rejectedLines: ['rejected connection'],
  },
  {
    minor: '3.5',
    separateDialPairs: true,
    preVoteByDefault: true,
    crlFormats: ['PEM', 'DER'],
    linearizableMemberList: true,
    skipPeerSanCheck: ['--experimental-peer-skip-client-san-verification'],
    refusals: { unknownCa: 'unknown ca', noCertificate: 'certificate required' },
    // The short form until 3.5.14.
    rejectedLines: [
      'rejected connection on client endpoint',
      'rejected connection on peer endpoint',
      'rejected connection',
    ],
  },
  {
    minor: '3.6',
    separateDialPairs: true,
    preVoteByDefault: true,
    crlFormats: ['DER'],
    linearizableMemberList: true,
    skipPeerSanCheck: [
      '--peer-skip-client-san-verification',
      '--experimental-peer-skip-client-san-verification',
      'skip-client-san-verification',
    ],
    refusals: { unknownCa: 'unknown ca', noCertificate: 'certificate required' },
    rejectedLines: ['rejected connection on client endpoint', 'rejected connection on peer endpoint'],
  },
];

/**
 * The facts for a version like `3.5.30`. A newer minor than the table knows gets the newest row, and `assumed` says so:
 * that belongs into the warnings of a plan.
 */
export function versionFacts(version: string): Result<VersionFacts & { assumed?: string }> {
  const [, major, minor] = /^(\d+)\.(\d+)\./.exec(version) ?? [];
  const newest = table.at(-1);
  if (major !== '3' || Number(minor) < 4 || !newest) {
    const hint = 'upgrade etcd; 3.4 and later are supported';
    return fail('not-modelled', `etcd ${version} is not a version that this program knows`, hint);
  }
  const row = table.find((known) => known.minor === `3.${minor}`);
  if (row) return ok(row);
  const assumed = `etcd ${version} is newer than ${newest.minor}, the newest this program knows; it is taken to behave alike`;
  return ok({ ...newest, assumed });
}
