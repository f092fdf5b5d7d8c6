import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { preflight } from '@etcd-rotate/core';
import { type Lab, startLab } from '@etcd-rotate/lab';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dryRun } from './asking.ts';
import type { Case } from './checks-case.ts';
import { elsewhere } from './checks-elsewhere.ts';
import { fileCases } from './checks-files.ts';
import { processCases } from './checks-processes.ts';
import { hasEveryCase } from './every-case.ts';
import { aCa, firstCa, holdCas } from './lab-pki.ts';

const cases = [...fileCases, ...processCases];

describe.each(hasEveryCase ? (['3.4', '3.5'] as const) : (['3.5'] as const))(
  'with etcd %s, a dry run',
  (etcd) => {
    let lab: Lab;
    beforeAll(async () => {
      lab = await startLab({ members: 3, etcd, keys: 'ecdsa', oneCa: false, load: false });
      const { certificate, key } = firstCa(lab, 'ca');
      const { subject } = certificate.parts;
      await holdCas(lab, { twin: aCa('', { subject, keyIds: false }), again: aCa('', { subject, key }) });
    });
    afterAll(() => lab[Symbol.asyncDispose]());

    test.each(cases.filter(({ only }) => only === undefined || only === etcd))('names $what', async (one) => {
      const takeBack = await one.provoke(lab);
      try {
        expectSaid(await saidBy(lab, one.args), one);
      } finally {
        await takeBack();
      }
    });

    test('names nothing once all that is taken back', async () => {
      expect(await saidBy(lab)).toEqual([]);
    });
  },
);

test('every check is hit by a real cluster, or it is said where else and why', () => {
  const hit = new Set([...cases.map(({ check }) => check), ...Object.keys(elsewhere)]);
  expect([...hit].sort()).toEqual(preflight.map(({ name }) => name).sort());
  for (const [check, { file, test: name }] of Object.entries(elsewhere)) {
    expect(readFileSync(join(import.meta.dirname, '..', file), 'utf8'), check).toContain(name);
  }
});

async function saidBy(lab: Lab, args: readonly string[] = []): Promise<string[]> {
  const answer = await dryRun(lab, args);
  const said = answer.ok ? answer.plan.warnings : answer.failures;
  return said.map(({ code, message }) => `${code}: ${message}`);
}

function expectSaid(said: readonly string[], { says, more }: Case): void {
  for (const pattern of says) {
    expect(said).toContainEqual(expect.stringMatching(pattern));
  }
  if (!more) expect(said).toHaveLength(says.length);
}
