import { copyFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { aProcess } from './a-process.fixture.ts';
import { aFolder } from './folder.fixture.ts';
import { aNode, type TestNode } from './node.fixture.ts';
import { memberOn } from './node.ts';
import { managedByOthers } from './operator-managed.ts';

function memberOf(there: TestNode) {
  const member = memberOn(there.node, 'c')?.member;
  if (!member) throw new Error('no member');
  return member;
}

const told = (found: Awaited<ReturnType<typeof managedByOthers>>) =>
  found.map(({ code, message, hint }) => `${code}: ${message}: ${hint}`);

describe('who manages its certificates itself is told what to use instead', () => {
  test.concurrent.each([
    ['/var/lib/rancher/k3s/server/tls/etcd/server-client.crt', '`k3s certificate rotate-ca`'],
    ['/var/lib/rancher/rke2/server/tls/etcd/server-client.crt', '`rke2 certificate rotate-ca`'],
    ['/etc/kubernetes/static-pod-certs/secrets/etcd-all-certs/x.crt', 'cluster-etcd-operator'],
    ['/etc/kubernetes/static-pod-resources/etcd-certs/x.crt', 'cluster-etcd-operator'],
  ])('for %s, as a flag or as a slot', async (path, instead) => {
    await using there = await aNode();
    const member = memberOf(there);
    const flagged = told(await managedByOthers(member, process.pid, { 'cert-file': path }));
    expect(flagged).toHaveLength(1);
    expect(flagged[0]).toMatch(/^operator-managed: member\/m1 belongs to /);
    expect(flagged[0]).toContain(`it uses ${path}`);
    expect(flagged[0]).toContain(instead);
    const slots = { ...member.slots, 'client-bundle': { ca: path } };
    expect(told(await managedByOthers({ ...member, slots }))).toEqual(flagged);
  });

  test.concurrent.each(['k3s', 'k3s-server', 'rke2'])('for a process that is called %s', async (name) => {
    await using there = await aNode();
    await using folder = await aFolder();
    await copyFile('/bin/sleep', folder.at(name));
    await using running = await aProcess({ program: folder.at(name) });
    const [only, ...others] = told(await managedByOthers(memberOf(there), running.pid));
    expect(others).toEqual([]);
    expect(only).toContain(`its process ${running.pid} is called ${name}`);
  });
});

test.concurrent('others are left in peace: etcd on its own, kubeadm, and names that only begin alike', async () => {
  await using there = await aNode();
  await using folder = await aFolder();
  await copyFile('/bin/sleep', folder.at('k3sctl'));
  await using running = await aProcess({ program: folder.at('k3sctl') });
  const flags = {
    'cert-file': '/etc/kubernetes/pki/etcd/server.crt',
    'key-file': '/var/lib/rancher-other/k3s/x',
    name: 'k3s',
  };
  expect(await managedByOthers(memberOf(there), running.pid, flags)).toEqual([]);
  expect(await managedByOthers(memberOf(there))).toEqual([]);
});
