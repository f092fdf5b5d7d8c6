import { Secret } from '@etcd-rotate/protocol';
import { expect, test } from 'vitest';
import { logOf } from './log.ts';

const lines: [object, string][] = [];
const write = (about: object, message: string): void => void lines.push([about, message]);
const log = logOf({ info: write, warn: write, error: write });

test('hands on what is said, at the level it is said at', () => {
  log.info({ node: 'm1', failure: { code: 'too-late', causes: ['a'] } }, 'done');
  expect(lines.at(-1)).toEqual([{ node: 'm1', failure: { code: 'too-late', causes: ['a'] } }, 'done']);
});

test('takes no secret, however deep it stands', () => {
  const key = new Secret('hunter2');
  // @ts-expect-error at the top
  log.info({ key }, 'no');
  // @ts-expect-error further down
  log.warn({ identity: { nats: { nkeySeed: key } } }, 'no');
  // @ts-expect-error in a list
  log.error({ keys: [key] }, 'no');
  // And where a type was got around, what is written is not the secret.
  expect(lines.slice(1).map(([about]) => String(Object.values(about)))).not.toContain('hunter2');
});
