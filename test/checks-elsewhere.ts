/** Checks that no case of a running lab hits: where they are hit instead. */
export const elsewhere: Record<string, { file: string; test: string; why?: string }> = {
  nothingIsUnderWay: {
    file: 'test/holds.test.ts',
    test: 'a node that is still at work on a rotation that was given up has no new plan made over its head',
  },
  everySlotIsSeen: {
    file: 'packages/core/src/checks/nodes.contract.ts',
    test: 'everySlotIsSeen',
    why: 'an agent says why it could not read a slot, and then that is what is told',
  },
  versionsAreKnown: {
    file: 'packages/core/src/checks/versions.contract.ts',
    test: 'versionsAreKnown',
    why: 'no etcd before 3.4 is at hand',
  },
  versionsAreNotNewer: {
    file: 'packages/core/src/checks/versions.contract.ts',
    test: 'versionsAreNotNewer',
    why: 'there is no etcd that is newer than the newest known one',
  },
  oneLeaderEverywhere: {
    file: 'packages/core/src/checks/members.contract.ts',
    test: 'oneLeaderEverywhere',
    why: 'an election is over in less time than a look takes: nobody can have one at will',
  },
  listsAreReadAsLists: {
    file: 'packages/core/src/checks/versions.contract.ts',
    test: 'listsAreReadAsLists',
    why: 'a member of 3.4 with a list lets nobody in and does not come up: it is told as one that is unhealthy',
  },
  crlsAreReadable: {
    file: 'packages/core/src/checks/versions.contract.ts',
    test: 'crlsAreReadable',
    why: 'etcd 3.4 and 3.5 read PEM; from 3.6 on it does not',
  },
  rightsAreThere: {
    file: 'test/who-is-let-in.test.ts',
    test: 'under etcd auth, root rotates and nobody becomes another user',
  },
  commonNamesLetInAsBefore: {
    file: 'test/who-is-let-in.test.ts',
    test: 'a cluster that lets in by common name, host name and CRL is rotated',
  },
  sharedFilesGoTogether: {
    file: 'test/strategies.test.ts',
    test: 'a member with one file for both ports, its %s, is rotated as one',
  },
};
