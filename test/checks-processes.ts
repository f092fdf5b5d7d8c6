import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Lab, until } from '@etcd-rotate/lab';
import type { Case } from './checks-case.ts';
import { crlOf } from './crl.ts';
import { memberOf, withAgent, withCommand, withFlags, withFleet } from './provoked.ts';

// What may be wrong with processes, with what etcd says of itself, and with what was configured.

export const processCases: Case[] = [
  {
    check: 'everyNodeAnswers',
    what: 'a node whose agent is stopped',
    async provoke(lab) {
      await lab.control.agent('m3').stop();
      return async () => {
        await lab.control.agent('m3').start();
        await lab.control.ready();
      };
    },
    says: [/^node-away: .*m3/],
  },
  {
    check: 'everyHolderIsKnown',
    what: 'a member that the agent file calls otherwise',
    provoke: (lab) =>
      withAgent(lab, 'm3', ({ members: [own] }) => void Object.assign(own ?? {}, { name: 'x' })),
    says: [
      /^unknown-holder: the agent file of m3 does not name member\/m3 of cluster demo/,
      /^unknown-holder: the agent file of m3 names member\/x, which the fleet file does not/,
    ],
  },
  {
    check: 'nodesFindNoProblem',
    what: 'a file of the agent file that is not the one etcd was started with',
    provoke: (lab) =>
      withAgent(lab, 'm3', ({ members: [own] }) => {
        Object.assign(own?.slots ?? {}, { 'client-bundle': { ca: memberOf(lab, 'm3').agentClient.ca } });
      }),
    says: [/^shared-file: member\/m3/, /^slots-differ: member\/m3: etcd was started with --trusted-ca-file/],
    more: true,
  },
  {
    check: 'nodesFindNoProblem',
    what: "a bundle that is a member's and its agent's",
    provoke: (lab) =>
      withAgent(lab, 'm3', ({ members: [own] }) => {
        Object.assign(own?.etcdClient ?? {}, { ca: memberOf(lab, 'm3').ca });
      }),
    says: [/^shared-file: member\/m3: .* is used by/],
    more: true,
  },
  {
    check: 'memberCanBeSpared',
    what: 'a member that is down',
    async provoke(lab) {
      await lab.etcd('m3').stop();
      return () => startAgain(lab, ['m3']);
    },
    says: [/^process-not-found: member\/m3/, /^quorum-at-risk: 2 of 3 members serve/],
    more: true,
  },
  {
    check: 'everyMemberServes',
    what: 'a member without a majority',
    async provoke(lab) {
      await lab.etcd('m2').stop();
      await lab.etcd('m3').stop();
      return () => startAgain(lab, ['m2', 'm3']);
    },
    says: [/^member-unhealthy: member\/m1 does not serve a linearizable read/],
    more: true,
  },
  {
    check: 'everythingIsModelled',
    what: 'certificates that etcd makes itself, and a listener without TLS',
    provoke: (lab) => {
      const { clientUrl, address } = memberOf(lab, 'm3');
      const listening = `--listen-client-urls=${clientUrl},http://${address}:2390`;
      return withFlags(lab, 'm3', ['--auto-tls=true', '--peer-auto-tls=true', listening]);
    },
    says: [
      /^not-modelled: member\/m3: its client certificates are self-signed/,
      /^not-modelled: member\/m3: its peer certificates are self-signed/,
      /^not-modelled: member\/m3: it listens for clients without TLS/,
    ],
  },
  {
    check: 'everythingIsModelled',
    what: 'client authentication by the roots of the system',
    provoke: (lab) => withFlags(lab, 'm3', ['--trusted-ca-file=']),
    says: [/^not-modelled: member\/m3: it has --client-cert-auth without --trusted-ca-file/],
    more: true,
  },
  {
    check: 'crlsAreEnforced',
    what: 'a CRL that etcd does not look at for gRPC',
    provoke: (lab) => {
      const { folder, address } = memberOf(lab, 'm3');
      const crl = join(folder, 'crl.pem');
      writeFileSync(crl, crlOf(['0badcafe']));
      const http = `--listen-client-http-urls=https://${address}:2390`;
      return withFlags(lab, 'm3', [`--client-crl-file=${crl}`, http]);
    },
    says: [/^crl-unusable: member\/m3: etcd 3\.5\.\d+ does not look at --client-crl-file for gRPC/],
    more: true,
    only: '3.5',
  },
  {
    check: 'membersAreThoseOfTheFleet',
    what: 'a member of etcd that the fleet file does not have',
    provoke: (lab) => withMember(lab, []),
    says: [
      /^members-differ: demo: etcd lists members that the fleet file does not: unnamed/,
      /^learner-present/,
    ],
  },
  {
    check: 'noLearner',
    what: 'a learner',
    provoke: (lab) => withMember(lab, ['--learner']),
    says: [/^members-differ/, /^learner-present: member .* is a learner/],
  },
  {
    check: 'endpointsAreTheMembersOwn',
    what: "a peer endpoint that is another member's",
    provoke: (lab) =>
      withAgent(lab, 'm3', ({ members: [own] }) => {
        Object.assign(own ?? {}, { peerEndpoint: memberOf(lab, 'm1').peerUrl });
      }),
    says: [
      /^members-differ: member\/m3: the host of its peerEndpoint in the agent file, 127\..*\.1, is none/,
    ],
    more: true,
  },
  {
    check: 'whatLiesOnDiskIsPresented',
    what: "an endpoint that is another member's",
    provoke: (lab) =>
      withAgent(lab, 'm3', ({ members: [own] }) => {
        Object.assign(own ?? {}, { endpoint: memberOf(lab, 'm1').clientUrl });
      }),
    says: [/^not-presented: member\/m3: what is served .* is not its server-leaf on disk/],
    more: true,
  },
  {
    check: 'everyAdvertisedUrlHasTls',
    what: 'a URL for peers without TLS in the member list',
    async provoke(lab) {
      const { peerUrl, address } = memberOf(lab, 'm3');
      const id = await idOf(lab, 'm3');
      const update = (urls: string) => done(lab, ['member', 'update', id, `--peer-urls=${urls}`]);
      await update(`${peerUrl},http://${address}:2390`);
      return async () => {
        await update(peerUrl);
      };
    },
    says: [/^not-modelled: member\/m3: etcd's member list has a URL of it without TLS, http:/],
  },
  {
    check: 'noAlarm',
    what: 'a database that is full',
    async provoke(lab) {
      const back = await withFlags(lab, 'm3', ['--quota-backend-bytes=4096']);
      await lab.serving();
      await lab.etcdctl(['put', 'too', 'much'], { member: 'm3' });
      return async () => {
        await done(lab, ['alarm', 'disarm']);
        await back();
      };
    },
    says: [/^alarm-raised: etcd has an alarm: NOSPACE/],
  },
  {
    check: 'clocksAreClose',
    what: 'a node whose clock is some seconds ahead',
    async provoke(lab) {
      const clock = `const at=Date.now;globalThis.Date=class extends Date{constructor(...a){a.length?super(...a):super(at()+4e3)}static now(){return at()+4e3}}`;
      const back = withCommand(lab, 'agent-m3', (line) =>
        line.replace(process.execPath, `${process.execPath} --import 'data:text/javascript,${clock}'`),
      );
      await lab.control.agent('m3').restart();
      await lab.control.ready();
      return async () => {
        await back();
        await lab.control.agent('m3').restart();
        await lab.control.ready();
      };
    },
    says: [/^clocks-apart: the clock of m3 is [34]\.\d s from the coordinator's; 2 s are allowed/],
  },
  {
    check: 'namesCoverWhatIsDialled',
    what: 'a fleet file that drops a name in use',
    provoke: (lab) =>
      withFleet(lab, ({ clusters: [cluster] }) => {
        const ip = [memberOf(lab, 'm1').address];
        Object.assign(cluster?.members[0] ?? {}, { dropNames: { client: { ip } } });
      }),
    says: [/^names-missing: member\/m1: its new server-leaf would not be valid for 127\..*: dropNames takes/],
  },
  {
    check: 'namesCoverSourceAddresses',
    what: 'a fleet file that drops the address that a member dials from',
    provoke: (lab) =>
      withFleet(lab, ({ clusters: [cluster] }) => {
        Object.assign(cluster?.members[0] ?? {}, { dropNames: { peer: { ip: ['127.0.0.1'] } } });
      }),
    says: [/^names-missing: member\/m1: its new peer-leaf would not be valid for 127\.0\.0\.1, from which/],
  },
];

async function startAgain(lab: Lab, members: string[]): Promise<void> {
  await Promise.all(members.map((name) => lab.etcd(name).start()));
  await lab.serving();
}

async function withMember(lab: Lab, flags: string[]) {
  const base = memberOf(lab, 'm1').address.replace(/\d+$/, '9');
  // etcd takes a new member when every one has been up and connected for some seconds.
  let added = '';
  await until('etcd takes a member', async () => {
    added = await done(lab, ['member', 'add', 'm9', `--peer-urls=https://${base}:2380`, ...flags]);
    return true;
  });
  const id = /Member +([0-9a-f]+) added/.exec(added)?.[1] ?? '';
  return async () => {
    await done(lab, ['member', 'remove', id]);
  };
}

async function idOf(lab: Lab, member: string): Promise<string> {
  const list = await done(lab, ['member', 'list']);
  return new RegExp(`^([0-9a-f]+), started, ${member},`, 'm').exec(list)?.[1] ?? '';
}

async function done(lab: Lab, args: string[]): Promise<string> {
  const { code, stdout, stderr } = await lab.etcdctl(args, { member: 'm1' });
  if (code !== 0) throw new Error(`etcdctl ${args.join(' ')}: ${stderr}`);
  return stdout;
}
