import type { FleetCluster } from '@etcd-rotate/protocol';
import { aRequest } from '@etcd-rotate/testing';
import {
  type Cases,
  cluster,
  everyMember,
  fleetWith,
  inputOf,
  seenWith,
  withFlags,
  withStatus,
} from './cases.contract.ts';
import type { CheckInput } from './check.ts';

const asRobot: FleetCluster = {
  ...cluster.fleet,
  clients: cluster.fleet.clients.map((client) => ({ ...client, commonName: 'robot' })),
};
const auth = (auth: 'root' | 'unknown', wish: Partial<CheckInput> = {}) =>
  inputOf(cluster, { cluster: asRobot, observations: everyMember(withStatus(() => ({ auth }))), ...wish });
const allowed = (
  names: string,
  commonName: { client?: string; peer?: string },
  wish: Partial<CheckInput> = {},
) =>
  inputOf(cluster, {
    cluster: fleetWith({ commonName }),
    observations: everyMember(withFlags({ 'peer-cert-allowed-cn': names })),
    ...wish,
  });

export const commonNameCases: Cases = {
  commonNamesLetInAsBefore: [
    {
      what: 'a client that would be another user',
      input: auth('root'),
      says: [
        'common-name-changes: client/backup: the common name of its client-leaf would change from "backup" to "robot", and etcd auth is on: it would be another user',
      ],
    },
    {
      what: 'the same where nobody knows whether auth is on',
      input: auth('unknown'),
      says: [
        'common-name-changes: client/backup: the common name of its client-leaf would change from "backup" to "robot", and etcd auth may be on: it would be another user',
      ],
    },
    {
      what: 'the same where one member does not say what the others do',
      input: inputOf(cluster, {
        cluster: asRobot,
        observations: everyMember((seen) =>
          withStatus(() => ({ auth: seen.holder === 'member/b' ? 'off' : 'limited' }))(seen),
        ),
      }),
      says: [
        'common-name-changes: client/backup: the common name of its client-leaf would change from "backup" to "robot", and etcd auth is on: it would be another user',
      ],
    },
    {
      what: 'a member that its peers would not let in',
      input: allowed('a, b,c', { peer: 'etcd' }),
      says: ['member/a', 'member/c'].map(
        (holder) =>
          `common-name-changes: member/b: its new peer-leaf would have the common name "etcd", and ${holder} lets in a or b or c alone (--peer-cert-allowed-cn)`,
      ),
    },
    {
      what: 'a list that is one name for an old version',
      input: inputOf(cluster, {
        cluster: fleetWith({ commonName: { peer: 'etcd' } }),
        observations: seenWith({
          'member/a': (seen) =>
            withFlags({ 'peer-cert-allowed-cn': 'b,etcd' })(withStatus(() => ({ version: '3.4.23' }))(seen)),
        }),
      }),
      says: [
        'common-name-changes: member/b: its new peer-leaf would have the common name "etcd", and member/a lets in b,etcd alone (--peer-cert-allowed-cn)',
      ],
    },
    { what: 'a client of a cluster without auth', input: inputOf(cluster, { cluster: asRobot }), says: [] },
    {
      what: 'a client whose domain is not rotated',
      input: auth('root', { request: aRequest({ domains: ['peer'] }) }),
      says: [],
    },
    { what: 'a new name that is in the lists', input: allowed('a,b,c,etcd', { peer: 'etcd' }), says: [] },
    {
      what: 'a server leaf: it is no user and no peer',
      input: allowed('a,b,c', { client: 'etcd' }),
      says: [],
    },
  ],
};
