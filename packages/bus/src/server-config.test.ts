import type { IdentitiesFile } from '@etcd-rotate/protocol';
import { expect, test } from 'vitest';
import { natsServerConfig } from './server-config.ts';

const key = `${'A'.repeat(43)}=`;
const identities: IdentitiesFile = {
  version: 1,
  fleet: 'lab',
  known: [
    { kind: 'node', name: 'n1', nkey: 'UNODE', key },
    { kind: 'operator', name: 'alice', nkey: 'UALICE', key },
  ],
};
const plain = {
  listen: '127.0.0.1:4222',
  serverName: 'lab',
  tls: { cert: '/i/cert.pem', key: '/i/key "1".pem', ca: '/i/ca.pem' },
  coordinator: 'UCOORDINATOR',
  joining: 'UJOINING',
  identities,
  pidFile: '/s/nats.pid',
};
const config = natsServerConfig(plain);

test('lets each identity speak and hear as who it is, and nobody else in', () => {
  const users = config.slice(config.indexOf('users: ['));
  expect(users).toMatchInlineSnapshot(`
    "users: [
        { nkey: UCOORDINATOR, permissions: {
          publish: { allow: ["etcd-rotate.v1.lab.node.*.command", "_INBOX_node_n1.>", "_INBOX_operator_alice.>", "_INBOX_joining_node.>"] }
          subscribe: { allow: ["etcd-rotate.v1.lab.node.*.result", "etcd-rotate.v1.lab.operator.*.request", "etcd-rotate.v1.lab.join", "_INBOX_coordinator_coordinator.>"] }
        } }
        { nkey: UJOINING, permissions: {
          publish: { allow: ["etcd-rotate.v1.lab.join"] }
          subscribe: { allow: ["_INBOX_joining_node.>"] }
        } }
        { nkey: UNODE, permissions: {
          publish: { allow: ["etcd-rotate.v1.lab.node.n1.result"] }
          subscribe: { allow: ["etcd-rotate.v1.lab.node.n1.command", "_INBOX_node_n1.>"] }
          allow_responses: { max: 1, expires: "30s" }
        } }
        { nkey: UALICE, permissions: {
          publish: { allow: ["etcd-rotate.v1.lab.operator.alice.request"] }
          subscribe: { allow: ["_INBOX_operator_alice.>"] }
        } }
      ]
    }
    "
  `);
  expect(config).not.toMatch(/default_permissions|no_auth_user|http/);
});

test('quotes what it is given', () => {
  expect(config).toContain(String.raw`key_file: "/i/key \"1\".pem"`);
});

test('makes room for headers beside the largest message', () => {
  expect(config).toContain(`max_payload: ${4 * 1024 * 1024 + 64 * 1024}`);
});

test('lets the coordinators make, write and read the streams of their fleet, and alter or delete nothing', () => {
  const jetStream = { storeFolder: '/s/js', monitoring: '127.0.0.1:8222' };
  const shared = natsServerConfig({ ...plain, jetStream });
  expect(shared).toContain('sync_interval: always');
  expect(shared).toContain('http: "127.0.0.1:8222"');
  const allowed = [...shared.matchAll(/"(\$[^"]+)"/g)].map(([, subject]) => subject);
  expect(allowed).toEqual([
    '$KV.etcd-rotate_lab_shared.>',
    '$KV.etcd-rotate_lab_coordinators.>',
    '$JS.API.STREAM.CREATE.etcd-rotate_lab_journal',
    '$JS.API.STREAM.INFO.etcd-rotate_lab_journal',
    '$JS.API.STREAM.MSG.GET.etcd-rotate_lab_journal',
    '$JS.API.STREAM.CREATE.KV_etcd-rotate_lab_shared',
    '$JS.API.STREAM.INFO.KV_etcd-rotate_lab_shared',
    '$JS.API.STREAM.MSG.GET.KV_etcd-rotate_lab_shared',
    '$JS.API.STREAM.CREATE.KV_etcd-rotate_lab_coordinators',
    '$JS.API.STREAM.INFO.KV_etcd-rotate_lab_coordinators',
    '$JS.API.STREAM.MSG.GET.KV_etcd-rotate_lab_coordinators',
  ]);
  const ofOthers = shared.slice(shared.indexOf('UNODE'));
  expect(ofOthers).not.toMatch(/\$|journal/);
});
