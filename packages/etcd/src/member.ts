import type { EtcdId, MemberListed, MemberStatus, Result, Secret } from '@etcd-rotate/protocol';

export interface MemberTarget {
  /** The member's own client URL, `https://host:port`; never that of a load balancer. */
  endpoint: string;
  ca: string;
  cert: string;
  key: Secret | string;
  /** For each call on its own: etcd3 has none by default and would hang on a stopped process. */
  deadlineMs?: number;
}

/** Who answered, and how far it is. */
export interface Answered {
  memberId: EtcdId;
  clusterId: EtcdId;
  revision: number;
  raftTerm: number;
}

export interface Status extends Answered {
  version: string;
  /** `0` while there is none. */
  leader: EtcdId;
  raftIndex: number;
  appliedIndex: number;
  isLearner: boolean;
  /** Of its database file. */
  dbBytes: number;
  errors: string[];
}

export interface Snapshot {
  bytes: number;
  /** Of the whole file, as `sha256sum` prints it. */
  sha256: string;
  /** The snapshot holds this revision, and perhaps some later ones. */
  revision: number;
}

export interface Member extends AsyncDisposable, Disposable {
  readonly endpoint: string;
  /** The strongest single sign of health: it waits until this member has applied what the majority has committed. */
  linearizableRead(): Promise<Result<Answered>>;
  status(): Promise<Result<Status>>;
  /** The majority is asked, unless `linearizable: false`: then it is what this member knows. */
  members(how?: { linearizable: boolean }): Promise<Result<MemberListed[]>>;
  /** Whether etcd auth is on, and what our user may do then; no call of it fails for that. */
  auth(): Promise<Result<MemberStatus['auth']>>;
  /** E.g. `NOSPACE on 8e9e05c52164694d`. */
  alarms(): Promise<Result<string[]>>;
  /** Only the leader can do it; succeeds when it says itself that the target leads. */
  moveLeader(target: EtcdId): Promise<Result<void>>;
  /** Written beside, synced, verified, then renamed to `path`. */
  snapshot(path: string): Promise<Result<Snapshot>>;
  close(): void;
}
