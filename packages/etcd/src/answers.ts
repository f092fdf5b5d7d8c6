import type { MemberListed } from '@etcd-rotate/protocol';
import type { IAlarmMember, IMember, IResponseHeader, IStatusResponse } from 'etcd3';
import { toHex } from './ids.ts';
import type { Answered, Status } from './member.ts';

// etcd's answers in our words. etcd3 gives every 64-bit number as a decimal string.

export function answeredFrom(header: IResponseHeader): Answered {
  return {
    memberId: toHex(header.member_id),
    clusterId: toHex(header.cluster_id),
    revision: Number(header.revision),
    raftTerm: Number(header.raft_term),
  };
}

export function statusFrom(status: IStatusResponse): Status {
  return {
    ...answeredFrom(status.header),
    version: status.version,
    leader: toHex(status.leader),
    raftTerm: Number(status.raftTerm),
    raftIndex: Number(status.raftIndex),
    appliedIndex: Number(status.raftAppliedIndex),
    isLearner: status.isLearner,
    dbBytes: Number(status.dbSize),
    errors: status.errors,
  };
}

export function listedFrom(member: IMember): MemberListed {
  return {
    id: toHex(member.ID),
    name: member.name,
    peerUrls: member.peerURLs,
    clientUrls: member.clientURLs,
    isLearner: member.isLearner,
  };
}

export function alarmFrom({ alarm, memberID }: IAlarmMember): string {
  return `${alarm.toUpperCase()} on ${toHex(memberID)}`;
}

/**
 * The alarms that a status names among its errors, as `memberID:10501334649042878790 alarm:NOSPACE `. Unlike the
 * alarm call itself, which is a proposal to all members, a status is answered without a majority and leaves no trace. One
 * that is worded otherwise is told as it is: an alarm that cannot be read is no less an alarm.
 */
export function alarmsIn({ errors }: Pick<Status, 'errors'>): string[] {
  return errors.flatMap((error) => {
    const [, memberId, alarm] = /memberID:(\d+)\s+alarm:(\w+)/.exec(error) ?? [];
    if (memberId !== undefined && alarm !== undefined) return [`${alarm} on ${toHex(memberId)}`];
    return /alarm/i.test(error) ? [error.trim()] : [];
  });
}
