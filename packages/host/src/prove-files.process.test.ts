import { mkdir, rm, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { aCa } from './certificates.fixture.ts';
import { aNode, printsOf, type TestNode } from './node.fixture.ts';
import { proveFiles } from './prove-files.ts';

type Files = Parameters<typeof proveFiles>[0];

/** Every slot of the member, and the leaf of a client, as they lie there. */
function asLeft({ clientCa, peerCa, leaf }: TestNode): Files {
  return [
    { holder: 'member/m1', slot: 'client-bundle', fingerprints: [['0'.repeat(64)], printsOf(clientCa.pem)] },
    { holder: 'member/m1', slot: 'peer-bundle', fingerprints: [printsOf(peerCa.pem)] },
    // What travels behind a leaf may have been left out of the plan.
    { holder: 'member/m1', slot: 'server-leaf', fingerprints: [[leaf.fingerprint, 'f'.repeat(64)]] },
  ];
}

const on = ({ node }: TestNode) => ({ node, cluster: 'c' });

test('files that are as they were left, or as a step under way leaves them, are one sentence', async () => {
  await using there = await aNode();
  expect(await proveFiles(asLeft(there), on(there))).toEqual([
    {
      what: 'files-as-left',
      where: 'n1',
      verdict: 'proven',
      detail: '3 slots hold what the rotation left there',
    },
  ]);
  expect(await proveFiles([], on(there))).toEqual([]);
});

test('a file that somebody changed is named by holder and slot, with what lies there and without a path', async () => {
  await using there = await aNode();
  const other = await aCa('other CA');
  await writeFile(there.at('pki/ca.crt'), there.clientCa.pem + other.pem);
  const proofs = await proveFiles(asLeft(there), on(there));
  expect(proofs).toMatchObject([
    { what: 'files-as-left', where: 'client-bundle of member/m1', verdict: 'disproven' },
  ]);
  expect(proofs[0]?.detail).toContain(`CN=other CA (${other.certificate.facts.fingerprint.slice(0, 8)})`);
  expect(JSON.stringify(proofs)).not.toContain(there.path);
});

test('the certificates of a bundle in another order are another file', async () => {
  await using there = await aNode();
  const bundle = there.peerCa.pem + there.clientCa.pem;
  await writeFile(there.at('pki/ca.crt'), bundle);
  const files = (fingerprints: string[]): Files => [
    { holder: 'member/m1', slot: 'client-bundle', fingerprints: [fingerprints] },
  ];
  expect(await proveFiles(files(printsOf(bundle)), on(there))).toMatchObject([{ verdict: 'proven' }]);
  expect(await proveFiles(files(printsOf(bundle).reverse()), on(there))).toMatchObject([
    { verdict: 'disproven' },
  ]);
});

test('a file that is gone, one that is no certificate and another leaf are changed, and a folder in its place is not known', async () => {
  await using there = await aNode();
  await rm(there.at('pki/ca.crt'));
  await writeFile(there.at('pki/peer-ca.crt'), 'nothing of use');
  await writeFile(there.at('pki/server.crt'), there.clientCa.pem);
  await rm(there.at('api/client.crt'));
  await mkdir(there.at('api/client.crt'));
  const api: Files = [{ holder: 'client/api', slot: 'client-leaf', fingerprints: [['a'.repeat(64)]] }];
  const proofs = await proveFiles([...asLeft(there), ...api], on(there));
  expect(proofs.map(({ where, verdict }) => `${where} ${verdict}`)).toEqual([
    'client-bundle of member/m1 disproven',
    'peer-bundle of member/m1 disproven',
    'server-leaf of member/m1 disproven',
    'client-leaf of client/api not-provable',
  ]);
  expect(JSON.stringify(proofs)).not.toContain(there.path);
});

test('a holder that the agent file does not name cannot be looked at', async () => {
  await using there = await aNode();
  const files: Files = [{ holder: 'client/nobody', slot: 'client-leaf', fingerprints: [['a'.repeat(64)]] }];
  expect(await proveFiles(files, on(there))).toMatchObject([
    { where: 'client-leaf of client/nobody', verdict: 'not-provable' },
  ]);
});
