import { describe, expect, test } from 'vitest';
import { AgentClient, AgentMember } from './agent-file.ts';
import { parse } from './parse.ts';

const leaf = (name: string) => ({ cert: `/pki/${name}.crt`, key: `/pki/${name}.key` });

const member = (restart: unknown) => ({
  name: 'm1',
  cluster: 'main',
  endpoint: 'https://10.0.0.1:2379',
  peerEndpoint: 'https://10.0.0.1:2380',
  slots: {
    'server-leaf': leaf('server'),
    'client-bundle': { ca: '/pki/ca.crt' },
    'peer-leaf': leaf('peer'),
    'peer-bundle': { ca: '/pki/peer-ca.crt' },
  },
  etcdClient: { ...leaf('agent'), ca: '/pki/agent-ca.crt' },
  restart,
});

const client = (taking: object) => ({
  name: 'backup',
  cluster: 'main',
  slots: { 'client-leaf': leaf('backup'), 'server-bundle': { ca: '/pki/backup-ca.crt' } },
  ...taking,
});

const process = { pidFile: '/run/backup.pid' };
const bySystemd = { systemd: { unit: 'backup.service' } };

function refusalOf(restart: unknown): string {
  const parsed = parse(AgentMember, member(restart), 'x');
  return parsed.ok ? '' : parsed.failure.message;
}

describe('a member is restarted', () => {
  test.each([
    [{ command: ['true'] }, { command: ['true'], timeout: 60_000 }],
    [
      { systemd: { unit: 'etcd@main.service' }, timeout: '2m' },
      { systemd: { unit: 'etcd@main.service' }, timeout: 120_000 },
    ],
    [
      { container: { engine: 'podman', name: 'etcd' } },
      { container: { engine: 'podman', name: 'etcd', grace: 30_000 }, timeout: 60_000 },
    ],
  ])('by %o', (restart, parsed) => {
    expect(parse(AgentMember, member(restart), 'x')).toMatchObject({ ok: true, value: { restart: parsed } });
  });

  test.each([
    [{}, 'exactly one of systemd, container and command'],
    [{ ...bySystemd, command: ['true'] }, 'exactly one of systemd, container and command'],
    [{ systemd: 'etcd.service' }, 'restart.systemd: Invalid input: expected object'],
    [{ container: { engine: 'lxc', name: 'etcd' } }, 'restart.container.engine: Invalid option'],
    [{ container: { engine: 'docker', name: '--help' } }, 'restart.container.name: the name or id'],
    [
      { container: { engine: 'docker', name: 'etcd', grace: '19s' } },
      'restart.container.grace: at least 20s',
    ],
    [
      { container: { engine: 'docker', name: 'etcd', grace: '90s' } },
      'restart.timeout: longer than the grace of the container',
    ],
  ])('not by %o', (restart, message) => {
    expect(refusalOf(restart)).toContain(message);
  });

  test.each([
    'etcd',
    '-etcd.service',
    'etcd.timer',
    '../etcd.service',
    'a b.service',
    'etcd@.service',
    '*.service',
  ])('not by a unit called %s', (unit) => {
    expect(refusalOf({ systemd: { unit } })).toContain('restart.systemd.unit: the name of a systemd service');
  });
});

describe('a client', () => {
  test.each([
    { restart: { ...bySystemd } },
    { reload: { ...bySystemd } },
    { restart: { container: { engine: 'docker', name: 'backup' } } },
    { restart: { command: ['true'] }, process },
    { reload: { command: ['true'] }, process },
  ])('is taken with %o', (taking) => {
    expect(parse(AgentClient, client(taking), 'x')).toMatchObject({ ok: true });
  });

  test.each([
    [{ restart: { command: ['true'] } }, 'x: process: its pid file'],
    [{ reload: { command: ['true'] } }, 'x: process: its pid file'],
    [
      { reload: { container: { engine: 'docker', name: 'backup' } } },
      'x: reload: Unrecognized key: "container"',
    ],
    [{ reload: {} }, 'x: reload: exactly one of systemd and command'],
    [{ restart: bySystemd, reload: bySystemd }, 'either restart or reload'],
  ])('is refused with %o', (taking, message) => {
    expect(parse(AgentClient, client(taking), 'x')).toMatchObject({
      ok: false,
      failure: { message: expect.stringContaining(message) },
    });
  });
});
