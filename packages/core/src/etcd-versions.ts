import { isOn } from './flag-values.ts';

/** What an etcd of a version does, as far as it depends on that and something here asks. */
export type VersionFacts = { [Name in keyof typeof rows]: ValueOf<(typeof rows)[Name]> };

/** @returns nothing where the version is not one that is modelled: below 3.4, or of another major */
export function factsFor(version: string): VersionFacts | undefined {
  const at = read(version);
  if (at?.major !== 3 || at.minor < oldestMinor) return undefined;
  return {
    takesLists: valueAt(rows.takesLists, at),
    skipSourceFlags: valueAt(rows.skipSourceFlags, at),
    readsPemCrl: valueAt(rows.readsPemCrl, at),
    enforcesCrlBesideHttp: valueAt(rows.enforcesCrlBesideHttp, at),
    rootAlone: valueAt(rows.rootAlone, at),
  };
}

/** Of a newer minor than those that are known, what the newest known one does is assumed. */
export function isNewer(version: string): boolean {
  const at = read(version);
  return at !== undefined && at.major === 3 && at.minor > newestMinor;
}

/** Whether the peer port of a member leaves out the look at source addresses (facts: etcd, section 4). */
export function skipsSourceCheck(flags: Readonly<Record<string, string>>, version: string): boolean {
  return factsFor(version)?.skipSourceFlags.some((flag) => isOn(flags[flag])) ?? false;
}

const oldestMinor = 4;
export const newestMinor = 6;

/** A value in 3.4.0, and others from a version on, oldest first: the last one that is not later holds. */
interface Row<T> {
  fact: string;
  first: T;
  later: readonly (readonly [version: string, value: T])[];
}
type ValueOf<R> = R extends Row<infer T> ? T : never;

/** The one table of what depends on etcd's version. A row stands here when something of ours asks for it. */
export const rows = {
  /** --peer-cert-allowed-cn and the two allowed-hostname flags take a list; before, the whole text is one name. */
  takesLists: row<boolean>('facts: etcd, section 4', false, [['3.5.15', true]]),
  /** A peer's port leaves out the look at source addresses with one of these flags; others of that name are not read. */
  skipSourceFlags: row<readonly string[]>(
    'facts: etcd, section 4',
    ['experimental-peer-skip-client-san-verification'],
    [['3.6.0', ['experimental-peer-skip-client-san-verification', 'peer-skip-client-san-verification']]],
  ),
  /** A CRL may be PEM; else it must be DER, or every handshake on that port fails. */
  readsPemCrl: row<boolean>('facts: etcd, section 2', true, [['3.6.0', false]]),
  /** A CRL counts for gRPC also where --listen-client-http-urls takes HTTP to a port of its own. */
  enforcesCrlBesideHttp: row<boolean>('facts: etcd, section 2', false, [
    ['3.5.32', true],
    ['3.6.0', false],
    ['3.6.13', true],
  ]),
  /** What of our calls only root may make under etcd auth. */
  rootAlone: row<readonly string[]>(
    'facts: etcd, section 5.1',
    ['Snapshot'],
    [
      ['3.4.42', ['Status', 'MoveLeader', 'AlarmList', 'Snapshot']],
      ['3.4.43', ['Status', 'MoveLeader', 'Snapshot']],
      ['3.5.0', ['Snapshot']],
      ['3.5.28', ['Status', 'MoveLeader', 'AlarmList', 'Snapshot']],
      ['3.5.29', ['Status', 'MoveLeader', 'Snapshot']],
      ['3.5.32', ['MoveLeader', 'Snapshot']],
      ['3.6.0', ['Status', 'MoveLeader', 'AlarmList', 'Snapshot']],
      ['3.6.10', ['Status', 'MoveLeader', 'Snapshot']],
      ['3.6.12', ['MoveLeader', 'Snapshot']],
    ],
  ),
} as const;

function row<T>(fact: string, first: T, later: Row<T>['later']): Row<T> {
  return { fact, first, later };
}

interface Version {
  major: number;
  minor: number;
  patch: number;
}

/** As etcd says it, e.g. `3.5.30` or `3.6.0-rc.1`. */
function read(version: string): Version | undefined {
  const [, major, minor, patch] = /^(\d+)\.(\d+)\.(\d+)(?:[-+].*)?$/.exec(version) ?? [];
  return patch === undefined
    ? undefined
    : { major: Number(major), minor: Number(minor), patch: Number(patch) };
}

function valueAt<T>({ first, later }: Row<T>, at: Version): T {
  const found = later.findLast(([version]) => {
    const since = read(version);
    return since && (since.minor < at.minor || (since.minor === at.minor && since.patch <= at.patch));
  });
  return found ? found[1] : first;
}
