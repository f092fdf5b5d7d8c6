// A program of its own, to be looked into: does with CA keys all that a signer does, and counts those left in its heap.
// With `plant` it keeps one, which has to be found.

import { getHeapSnapshot } from 'node:v8';
import type { Secret } from '@etcd-rotate/protocol';
import { aCaOrder, aSigner, daysFromNoon, unwrap } from './a-signer.ts';

const [, , wish] = process.argv;
await using made = await aSigner('a', 'b');
const { signer } = made;
await using other = await aSigner();
const kept = await moved();
const order = { subject: Buffer.from('3000', 'hex'), names: { dns: ['m1'], ip: [] }, usages: [] };
const life = { notBefore: daysFromNoon(0), notAfter: daysFromNoon(1) };
for (const ca of ['a', 'b']) unwrap(await signer.signSpecimen({ ca, ...order, ...life }));
signer.makeKeysAhead(['ecdsa-p256', 'ecdsa-p256', 'rsa-2048']);
// The last of them waits as well once this one was taken.
unwrap(await signer.create({ ...aCaOrder('c'), keyKind: 'rsa-2048' }));
// Takes the stack with what was last on it, which the collector would take for in use.
await new Promise((resolve) => setImmediate(resolve));
for (let times = 0; times < 3; times += 1) globalThis.gc?.();
let heap = '';
for await (const part of getHeapSnapshot()) heap += part;
process.stdout.write(`${JSON.stringify({ left: heap.split('BEGIN PRIVATE KEY-----\\nM').length - 1 })}\n`);
// Until here it is kept.
process.exitCode = kept?.reveal() === '' ? 1 : 0;

/** A key goes from one signer to another one. */
async function moved(): Promise<Secret | undefined> {
  const key = unwrap(signer.exportKey('a'));
  unwrap(await other.signer.adopt({ name: 'a', certificate: signer.list()[0]?.certificate ?? '', key }));
  return wish === 'plant' ? key : undefined;
}
