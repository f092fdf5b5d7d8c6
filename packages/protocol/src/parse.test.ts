import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { AgentFile } from './agent-file.ts';
import { CommandBody } from './command.ts';
import { CoordinatorFile } from './coordinator-file.ts';
import { FleetFile } from './fleet-file.ts';
import { parse } from './parse.ts';
import { SlotTarget } from './plan.ts';
import { OperatorReply } from './request.ts';

function refusal<T>(schema: z.ZodType<T>, value: unknown, code?: 'bad-message'): string {
  const parsed = parse(schema, value, 'x.yaml', code);
  if (parsed.ok) throw new Error('it was not refused');
  return parsed.failure.message;
}

const member = { name: 'm1', node: 'n1' };
const fleet = (cluster: object = {}) => ({
  version: 1,
  fleet: 'prod',
  clusters: [{ name: 'main', members: [member], ...cluster }],
});

const leaf = (name: string) => ({ cert: `/etc/etcd/${name}.crt`, key: `/etc/etcd/${name}.key` });
const agentMember = {
  name: 'm1',
  cluster: 'main',
  endpoint: 'https://10.0.0.1:2379',
  peerEndpoint: 'https://10.0.0.1:2380',
  slots: {
    'server-leaf': leaf('server'),
    'client-bundle': { ca: '/etc/etcd/ca.crt' },
    'peer-leaf': leaf('peer'),
    'peer-bundle': { ca: '/etc/etcd/peer-ca.crt' },
  },
  etcdClient: { ...leaf('agent'), ca: '/etc/etcd/ca.crt' },
  restart: { command: ['systemctl', 'restart', 'etcd'] },
};
const agentClient = {
  name: 'backup',
  cluster: 'main',
  slots: { 'client-leaf': leaf('backup'), 'server-bundle': { ca: '/etc/etcd/ca.crt' } },
  reload: { command: ['systemctl', 'reload', 'backup'] },
  process: { pidFile: '/run/backup.pid' },
};
const agent = (parts: object = {}) => ({
  version: 1,
  node: 'n1',
  members: [agentMember],
  clients: [agentClient],
  ...parts,
});
const coordinator = (parts: object = {}) => ({
  version: 1,
  passphrase: { file: 'passphrase' },
  nats: { embedded: { listen: '10.0.0.5:4222' } },
  ...parts,
});

test('a whole file is accepted, with what holds where it says nothing', () => {
  expect(parse(FleetFile, fleet(), 'fleet.yaml')).toMatchObject({
    ok: true,
    value: {
      clusters: [
        {
          clients: [],
          policy: {
            snapshot: 'required',
            restarts: 'every-stage',
            settle: 0,
            stepTimeout: 120_000,
            patience: 60_000,
          },
          profile: { ca: { validity: 315_360_000_000 }, leaf: { validity: 31_536_000_000 } },
        },
      ],
    },
  });
  expect(parse(AgentFile, agent(), 'agent.yaml')).toMatchObject({
    ok: true,
    value: { identity: '/etc/etcd-rotate/identity.json', members: [{ restart: { timeout: 60_000 } }] },
  });
  expect(parse(CoordinatorFile, coordinator(), 'coordinator.yaml')).toMatchObject({
    ok: true,
    value: { fleet: 'fleet.yaml' },
  });
});

test('a name in a fleet file has one way of writing, that in which certificates are read', () => {
  const written = {
    dns: ['Etcd-1.Example', '*.EXAMPLE'],
    ip: ['10.0.0.1', '2001:DB8:0:0::1', '0:0:0:0:0:0:0:1', 'fe80:0::00aB', '::FFFF:a00:1'],
  };
  const names = {
    dns: ['etcd-1.example', '*.example'],
    ip: ['10.0.0.1', '2001:db8::1', '::1', 'fe80::ab', '::ffff:a00:1'],
  };
  const members = [{ ...member, addNames: { peer: written }, dropNames: { client: written } }];
  expect(parse(FleetFile, fleet({ members }), 'f')).toMatchObject({
    value: { clusters: [{ members: [{ addNames: { peer: names }, dropNames: { client: names } }] }] },
  });
});

describe('a fleet file is refused with file, place and what was expected:', () => {
  test.each<[string, unknown, string]>([
    ['nothing', null, 'x.yaml: the top level: Invalid input: expected object, received null'],
    ['no version', { ...fleet(), version: undefined }, 'x.yaml: version: Invalid input: expected 1'],
    ['a version to come', { ...fleet(), version: 2 }, 'x.yaml: version: Invalid input: expected 1'],
    [
      'no clusters',
      { version: 1, fleet: 'prod', clusters: [] },
      'x.yaml: clusters: Too small: expected array to have >=1 items',
    ],
    [
      'a name with a dot',
      fleet({ name: 'main.eu' }),
      'x.yaml: clusters[0].name: a name: lower-case letters, digits and hyphens, at most 63, e.g. "etcd-1"',
    ],
    [
      'no members',
      fleet({ members: undefined }),
      'x.yaml: clusters[0].members: Invalid input: expected array, received undefined',
    ],
    [
      'no member',
      fleet({ members: [] }),
      'x.yaml: clusters[0].members: Too small: expected array to have >=1 items',
    ],
    [
      'a member without a node',
      fleet({ members: [{ name: 'm1' }] }),
      'x.yaml: clusters[0].members[0].node: Invalid input: expected string, received undefined',
    ],
    [
      'a field that nobody knows',
      fleet({ members: [{ ...member, path: '/etc' }] }),
      'x.yaml: clusters[0].members[0]: Unrecognized key: "path"',
    ],
    [
      'a policy that nobody knows',
      fleet({ policy: { patienc: '5m' } }),
      'x.yaml: clusters[0].policy: Unrecognized key: "patienc"',
    ],
    [
      'a wrong duration',
      fleet({ policy: { patience: '5 minutes' } }),
      'x.yaml: clusters[0].policy.patience: a duration, e.g. "250ms", "35s", "10m", "12h" or "365d"',
    ],
    [
      'a time-out of nothing',
      fleet({ policy: { startTimeout: '0s' } }),
      'x.yaml: clusters[0].policy.startTimeout: longer than 0',
    ],
    [
      'a wrong choice',
      fleet({ policy: { snapshot: 'sometimes' } }),
      'x.yaml: clusters[0].policy.snapshot: Invalid option: expected one of "required"|"best-effort"|"off"',
    ],
    [
      'a wrong address among several kinds',
      fleet({ members: [{ ...member, addNames: { client: { ip: ['10.0.0'] } } }] }),
      'x.yaml: clusters[0].members[0].addNames.client.ip[0]: Invalid IPv4 address',
    ],
    [
      'an address with the interface behind it',
      fleet({ members: [{ ...member, addNames: { client: { ip: ['fe80::1%eth0'] } } }] }),
      'x.yaml: clusters[0].members[0].addNames.client.ip[0]: Invalid IPv4 address',
    ],
    [
      'a domain that is none',
      fleet({ members: [{ ...member, addNames: { server: {} } }] }),
      'x.yaml: clusters[0].members[0].addNames: Unrecognized key: "server"',
    ],
    [
      'a cluster twice',
      { ...fleet(), clusters: [...fleet().clusters, ...fleet().clusters] },
      'x.yaml: clusters[1].name: the name "main" is used twice',
    ],
    [
      'a member twice',
      fleet({ members: [member, { ...member, node: 'n2' }] }),
      'x.yaml: clusters[0].members[1].name: the name "m1" is used twice',
    ],
    [
      'a client with the name of a member',
      fleet({ clients: [{ name: 'm1', node: 'n2' }] }),
      'x.yaml: clusters[0].clients[0].name: the name "m1" is used twice',
    ],
    [
      'two members on one node',
      fleet({ members: [member, { name: 'm2', node: 'n1' }] }),
      'x.yaml: clusters[0].members[1].node: n1 has two members of one cluster',
    ],
    [
      "a name that is reserved for the agents' own clients",
      fleet({ clients: [{ name: 'agent-n1', node: 'n1' }] }),
      "x.yaml: clusters[0].clients[0].name: names of the agents' own clients begin with agent-",
    ],
  ])('%s', (_what, file, message) => {
    expect(refusal(FleetFile, file)).toBe(message);
  });

  test('several things at once, but not more than a person wants to read', () => {
    const members = Array.from({ length: 9 }, (_, i) => ({ name: `M${i}`, node: `n${i}` }));
    expect(refusal(FleetFile, fleet({ members })).split('; ')).toHaveLength(8);
  });

  test('two clusters may share nodes and names of members', () => {
    const [cluster] = fleet().clusters;
    expect(
      parse(FleetFile, { ...fleet(), clusters: [cluster, { ...cluster, name: 'events' }] }, 'f'),
    ).toMatchObject({ ok: true });
  });
});

describe('an agent file is refused:', () => {
  test.each<[string, unknown, string]>([
    [
      'a path that is not absolute',
      agent({
        members: [{ ...agentMember, slots: { ...agentMember.slots, 'peer-bundle': { ca: 'ca.crt' } } }],
      }),
      'x.yaml: members[0].slots.peer-bundle.ca: an absolute path',
    ],
    [
      'a missing slot',
      agent({ members: [{ ...agentMember, slots: { ...agentMember.slots, 'peer-leaf': undefined } }] }),
      'x.yaml: members[0].slots.peer-leaf: Invalid input: expected object, received undefined',
    ],
    [
      'a URL without TLS',
      agent({ members: [{ ...agentMember, endpoint: 'http://10.0.0.1:2379' }] }),
      'x.yaml: members[0].endpoint: an https URL with a host and a port',
    ],
    [
      'a command as one text, as for a shell',
      agent({ members: [{ ...agentMember, restart: { command: 'systemctl restart etcd' } }] }),
      'x.yaml: members[0].restart.command: Invalid input: expected array, received string',
    ],
    [
      'a client that neither restarts nor reloads',
      agent({ clients: [{ ...agentClient, reload: undefined }] }),
      'x.yaml: clients[0]: either restart or reload: how the client takes new files',
    ],
    [
      'a client that does both',
      agent({ clients: [{ ...agentClient, restart: agentClient.reload }] }),
      'x.yaml: clients[0]: either restart or reload: how the client takes new files',
    ],
  ])('%s', (_what, file, message) => {
    expect(refusal(AgentFile, file)).toBe(message);
  });
});

describe('where there is a choice, what is said is of the one that was meant:', () => {
  test.each<[string, unknown, string]>([
    [
      'deep in one',
      coordinator({ nats: { embedded: { listen: '4222' } } }),
      'x.yaml: nats.embedded.listen: host:port, e.g. "10.0.0.5:4222"',
    ],
    [
      'deep in the other',
      coordinator({ nats: { external: { servers: ['nats://10.0.0.5'] } } }),
      'x.yaml: nats.external.servers[0]: Invalid string: must start with "tls://"',
    ],
    [
      'a field too many',
      coordinator({ nats: { embedded: { listen: '10.0.0.5:4222', port: 1 } } }),
      'x.yaml: nats.embedded: Unrecognized key: "port"',
    ],
  ])('%s', (_what, file, message) => {
    expect(refusal(CoordinatorFile, file)).toBe(message);
  });

  test('in choices within choices', () => {
    expect(refusal(SlotTarget, { leafOf: { role: 'new', name: 'A' } })).toMatch(
      /^x\.yaml: leafOf\.name: a name/,
    );
    const inner = z.union([
      z.strictObject({ a: z.strictObject({ b: z.number() }) }),
      z.strictObject({ c: z.string() }),
    ]);
    const outer = z.strictObject({ value: z.union([z.string(), inner]) });
    expect(refusal(outer, { value: { a: { b: 'x' } } })).toBe(
      'x.yaml: value.a.b: Invalid input: expected number, received string',
    );
  });

  test('in a message, by its type', () => {
    expect(
      refusal(CommandBody, { type: 'request', leaves: [{ slot: 'x' }], canaries: [] }, 'bad-message'),
    ).toMatch(/^x\.yaml: leaves\[0\]\.slot: Invalid option: expected one of/);
    const reply = {
      v: 1,
      id: 'i',
      at: '2026-06-01T12:00:00.000Z',
      outcome: { ok: true, value: { type: 'started', rotation: 'r', sequence: 'x' } },
    };
    expect(refusal(OperatorReply, reply)).toBe(
      'x.yaml: outcome.value.sequence: Invalid input: expected number, received string',
    );
  });

  test('a type that nobody knows, with those that there are', () => {
    expect(refusal(CommandBody, { type: 'explode' })).toBe(
      "x.yaml: type: Invalid discriminator value. Expected 'observe' | 'lead' | 'trust-key' | 'prepare' | 'snapshot' | 'request' | 'change' | 'prove'",
    );
  });
});

test('a wrong file is for its author to correct, a wrong message for the versions', () => {
  expect(parse(FleetFile, {}, 'fleet.yaml')).toMatchObject({
    failure: { code: 'bad-file', retryable: false },
  });
  expect(parse(CommandBody, {}, 'a command', 'bad-message')).toMatchObject({
    failure: { code: 'bad-message', hint: 'the two sides may be of different versions' },
  });
});
