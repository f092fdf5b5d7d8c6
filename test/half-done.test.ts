import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Lab, startLab } from '@etcd-rotate/lab';
import { expect, test } from 'vitest';
import { changesIn, dryRun, planOf, restartsOf, rotateNow } from './asking.ts';
import { aCa, bundleOf, firstCa, holdCas } from './lab-pki.ts';
import { entriesOf, lastLine, nobodyLost } from './reading.ts';

test('a rotation that was begun by hand is finished, with what is not yet true and nothing else', async () => {
  await using lab = await startLab({ members: 3, etcd: '3.4', keys: 'ecdsa', oneCa: false });
  const [m1, m2, m3] = lab.layout.members;
  if (!m1 || !m2 || !m3) throw new Error('a lab of three members');
  const next = { client: aCa('next client CA'), peer: aCa('next peer CA') };
  const left = aCa('left by somebody');
  await holdCas(lab, { 'next-client': next.client, 'next-peer': next.peer });
  const both = {
    client: bundleOf(firstCa(lab, 'ca'), next.client),
    peer: bundleOf(firstCa(lab, 'peer-ca'), next.peer),
  };
  // The runbook's first stage: on one member written and not yet loaded, on another done, on the third not begun.
  for (const { ca, peerCa } of [m1, m2]) {
    writeFileSync(ca, both.client);
    writeFileSync(peerCa, both.peer);
  }
  writeFileSync(m3.ca, bundleOf(firstCa(lab, 'ca'), left));
  await lab.etcd('m2').restart();
  await lab.serving();
  await lab.etcd('m3').restart();
  await lab.serving();

  const byHand = restartsOf(lab);
  const before = { files: slotTexts(lab), entries: await entriesOf(lab) };
  const dry = await dryRun(lab, towardsNext);
  const plan = await planOf(lab, towardsNext);
  expect(changesIn(plan).filter((line) => line.startsWith('trust member/'))).toEqual(
    expect.arrayContaining([
      'trust member/m1 client-bundle+peer-bundle restart',
      'trust member/m3 client-bundle+peer-bundle restart',
    ]),
  );
  expect(changesIn(plan).filter((line) => line.startsWith('trust member/'))).toHaveLength(2);
  expect(changesIn(plan).filter((line) => line.startsWith('issue member/'))).toHaveLength(3);
  expect(plan.estimate.etcdRestarts).toBe(8);
  const fingerprint = left.certificate.facts.fingerprint.slice(0, 8);
  expect(plan.warnings).toMatchObject([
    { code: 'others-stay', hint: expect.stringContaining(`--retire ${fingerprint}`) },
  ]);
  expect(dry).toMatchObject({
    alternatives: [
      { strategy: 'staged', restarts: 'every-stage', outcome: { estimate: { etcdRestarts: 8 } } },
      { strategy: 'staged', restarts: 'when-needed', outcome: { estimate: { etcdRestarts: 5 } } },
      { strategy: 'renew', outcome: { refusal: { code: 'ca-not-held' } } },
    ],
  });
  const said = await lab.rotate(['--cluster', 'demo', '--dry-run', ...towardsNext]);
  expect(said.stdout).toMatch(/when-needed.*5 restarts of etcd/);
  expect(said.stdout).toMatch(/renew.*ca-not-held/);
  expect({ files: slotTexts(lab), entries: await entriesOf(lab) }).toEqual(before);

  const run = await rotateNow(lab, [...towardsNext, '--retire', fingerprint]);
  expect(lastLine(run)).toMatchObject({ outcome: 'rotated', restarts: 8 });
  expect(restartsOf(lab) - byHand).toBe(8);
  for (const { ca, peerCa } of lab.layout.members) {
    expect([ca, peerCa].map((file) => readFileSync(file, 'utf8'))).toEqual([
      bundleOf(next.client),
      bundleOf(next.peer),
    ]);
  }
  expect(await dryRun(lab, towardsNext)).toMatchObject({ failures: [{ code: 'nothing-to-do' }] });

  // The same CA once more, with other dates: no rotation, unless it is said that it shall be none.
  const { subject } = next.client.certificate.parts;
  const again = aCa('', { subject, key: next.client.key, days: [-1, 3000] });
  await holdCas(lab, { again });
  const towardsAgain = ['--domain', 'client', '--ca', 'client=again'];
  expect(await dryRun(lab, towardsAgain)).toMatchObject({ failures: [{ code: 'same-key' }] });
  const reissued = await rotateNow(lab, [...towardsAgain, '--reissue', '--restarts', 'when-needed']);
  expect(lastLine(reissued)).toMatchObject({ outcome: 'rotated', restarts: 6 });
  expect(readFileSync(m1.ca, 'utf8')).toBe(bundleOf(again));
  nobodyLost(await lab.load.stop());
});

const towardsNext = ['--ca', 'client=next-client', '--ca', 'peer=next-peer'];

function slotTexts(lab: Lab): string[] {
  const journal = join(lab.folder, 'coordinator/state/journal/journal.jsonl');
  return [journal, ...lab.slotFiles().map(({ file }) => file)].map((file) => readFileSync(file, 'utf8'));
}
