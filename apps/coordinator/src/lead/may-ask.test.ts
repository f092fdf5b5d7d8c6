import { looking, OperatorBody } from '@etcd-rotate/protocol';
import { expect, test } from 'vitest';
import { mayAsk } from './may-ask.ts';

const types = OperatorBody.options.map((option) => option.shape.type.value);
/** Only what it is called matters here. */
const bodyOf = (type: OperatorBody['type']) => ({ type }) as OperatorBody;

test.each(types)('an operator who may look asks for %s only where that changes nothing', (type) => {
  const answer = mayAsk({ readOnly: true }, { operator: 'eve', body: bodyOf(type) });
  if (looking.includes(type)) expect(answer).toEqual({ ok: true, value: undefined });
  else {
    expect(answer).toMatchObject({
      failure: {
        code: 'not-permitted',
        message: `eve may look and not steer: ${type} is not permitted`,
        hint: expect.stringContaining('eve may see plans (--dry-run), status, watch, journal'),
      },
    });
  }
});

test('to look is to plan, to see how things are and to read: whatever is new steers until somebody says otherwise', () => {
  expect([...looking].sort()).toEqual(['cas', 'journal', 'nodes', 'plan', 'plan-rollback', 'status']);
  expect(types.filter((type) => !looking.includes(type))).toEqual(
    expect.arrayContaining(['start', 'hold', 'resume', 'approve', 'rollback', 'abandon', 'reset-epoch']),
  );
});

test.each(types)('an operator who may steer asks for %s', (type) => {
  expect(mayAsk({}, { operator: 'ann', body: bodyOf(type) })).toEqual({ ok: true, value: undefined });
});

test('an operator who is none any more asks for nothing', () => {
  expect(mayAsk(undefined, { operator: 'eve', body: bodyOf('status') })).toMatchObject({
    failure: { code: 'not-signed', message: expect.stringContaining('eve') },
  });
});
