import { aCa, aLeaf, judge } from '@etcd-rotate/testing';
import { expect, test } from 'vitest';
import { remembering } from './remember.ts';

const chain = [aLeaf({ ca: aCa('ca1'), commonName: 'a', usages: ['serverAuth'] })];
const bundle = [aCa('ca1').known];

/** A judge that remembers, and how often the one behind it was asked. */
function counted() {
  const asked: string[] = [];
  const remembers = remembering({
    ...judge,
    verify: (one, other, purpose, aheadMs) => {
      asked.push(`${purpose} ${aheadMs}`);
      return judge.verify(one, other, purpose, aheadMs);
    },
  });
  return { asked, verify: remembers.verify };
}

test('decides the same question once, whichever arrays it comes in', () => {
  const { asked, verify } = counted();
  expect(verify(chain, bundle, 'serverAuth', judge.aheadMs).accepted).toBe(true);
  expect(verify([...chain], [...bundle], 'serverAuth', judge.aheadMs).accepted).toBe(true);
  expect(asked).toHaveLength(1);
});

test('takes another purpose, chain or bundle for another question', () => {
  const { verify } = counted();
  const ahead = judge.aheadMs;
  expect(verify(chain, bundle, 'serverAuth', ahead).accepted).toBe(true);
  expect(verify(chain, bundle, 'clientAuth', ahead).accepted).toBe(false);
  expect(verify(chain, [aCa('ca2').known], 'serverAuth', ahead).accepted).toBe(false);
  expect(verify([aLeaf({ ca: aCa('ca2'), commonName: 'a' })], bundle, 'serverAuth', ahead).accepted).toBe(
    false,
  );
});

test('remembers nothing of another span of time', () => {
  const { asked, verify } = counted();
  for (const ahead of [judge.aheadMs, 0, 0]) verify(chain, bundle, 'serverAuth', ahead);
  expect(asked).toEqual([`serverAuth ${judge.aheadMs}`, 'serverAuth 0', 'serverAuth 0']);
});
