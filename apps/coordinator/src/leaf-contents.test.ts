import { generateKey, makeCa, makeCsr, nameFrom, readCsr, sayName, signLeaf } from '@etcd-rotate/pki';
import type { LeafChange, Names, Usage } from '@etcd-rotate/protocol';
import { expect, test } from 'vitest';
import { leafContents } from './leaf-contents.ts';

const member = 'member/m1';
const names = { dns: ['m1', 'Old.example'], ip: ['10.0.0.1', '::1'] };

test('without a change it says what the present leaf says', async () => {
  const present = await aLeaf({ usages: ['clientAuth', 'serverAuth'] });
  expect(leafContents(present, { leafChanges: {} }, at('server-leaf'))).toEqual({
    subject: present.parts.subject,
    names,
    usages: ['serverAuth', 'clientAuth'],
  });
});

test('names are added once and dropped, whatever their spelling', async () => {
  const change = aChange({
    addNames: { dns: ['M1', 'new.example'], ip: ['0::1', '10.0.0.2'] },
    dropNames: { dns: ['old.EXAMPLE'], ip: ['10.0.0.1'] },
  });
  const said = leafContents(
    await aLeaf(),
    { leafChanges: { [`${member} server-leaf`]: change } },
    at('server-leaf'),
  );
  expect(said.names).toEqual({ dns: ['m1', 'new.example'], ip: ['::1', '10.0.0.2'] });
});

test('a change of another slot or holder is none of its business', async () => {
  const change = aChange({ commonName: 'root', addNames: { dns: ['x'], ip: [] } });
  const leafChanges = { [`${member} peer-leaf`]: change, 'member/m2 server-leaf': change };
  const said = leafContents(await aLeaf(), { leafChanges }, at('server-leaf'));
  expect(said.names).toEqual(names);
  expect(sayName(said.subject)).toBe('CN=m1,O=Example');
});

test('the common name is changed and the rest of the subject stays', async () => {
  const leafChanges = { [`${member} server-leaf`]: aChange({ commonName: 'etcd-1' }) };
  const { subject } = leafContents(await aLeaf(), { leafChanges }, at('server-leaf'));
  expect(sayName(subject)).toBe('CN=etcd-1,O=Example');
});

test('a file of two slots gets a leaf for both', async () => {
  const leafChanges = {
    [`${member} server-leaf`]: aChange({ addNames: { dns: ['client.example'], ip: [] } }),
    [`${member} peer-leaf`]: aChange({ commonName: 'peer', dropNames: { dns: ['old.example'], ip: [] } }),
  };
  const said = leafContents(await aLeaf(), { leafChanges }, at('server-leaf', 'peer-leaf'));
  expect(said.names.dns).toEqual(['m1', 'client.example']);
  expect(sayName(said.subject)).toBe('CN=peer,O=Example');
});

test('a leaf without usages gets those that its slots need', async () => {
  const present = await aLeaf({ usages: [] });
  const client = { holder: 'client/c', slots: ['client-leaf'] } as const;
  expect(leafContents(present, { leafChanges: {} }, client).usages).toEqual(['clientAuth']);
  expect(leafContents(present, { leafChanges: {} }, at('peer-leaf')).usages).toEqual([
    'serverAuth',
    'clientAuth',
  ]);
});

function at(...slots: ('server-leaf' | 'peer-leaf')[]) {
  return { holder: member, slots } as const;
}

function aChange(change: Partial<LeafChange>): LeafChange {
  const none: Names = { dns: [], ip: [] };
  return { addNames: none, dropNames: none, ...change };
}

async function aLeaf({ usages = ['serverAuth', 'clientAuth'] }: { usages?: Usage[] } = {}) {
  const key = await generateKey('ecdsa-p256');
  const life = { notBefore: new Date('2026-01-01'), notAfter: new Date('2027-01-01') };
  const ca = { certificate: makeCa({ subject: { commonName: 'ca' }, key, ...life }), key };
  const subject = nameFrom({ organization: 'Example', commonName: 'm1' });
  const csr = readCsr(makeCsr({ key, subject, names }));
  if (!csr.ok) throw new Error(csr.failure.message);
  return signLeaf({ csr: csr.value, ca, subject, names, usages, ...life });
}
