import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Command } from './command.ts';
import { Entry } from './entry.ts';
import { Failure } from './failure.ts';
import { CoordinatorIdentity, IdentityFile } from './identity.ts';
import { NodeObservation } from './observation.ts';
import { Plan } from './plan.ts';
import { OperatorReply, OperatorRequest } from './request.ts';
import { CommandResult } from './result.ts';

const fieldsOf = (schema: z.ZodType): string =>
  JSON.stringify(z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' }));

describe('has no field for a private key, a seed or a passphrase:', () => {
  test.each(
    Object.entries({
      Command,
      CommandResult,
      Entry,
      Failure,
      NodeObservation,
      OperatorReply,
      OperatorRequest,
      Plan,
    }),
  )('%s', (_name, schema) => {
    expect(fieldsOf(schema)).not.toMatch(
      /"(key|privateKey|signingKey|nkeySeed|passphrase|secret)":\{"type":"string"(?!,"enum")/,
    );
  });

  test('and those that do are files, found by the same search', () => {
    for (const schema of [IdentityFile, CoordinatorIdentity])
      expect(fieldsOf(schema)).toMatch(/"signingKey":\{"type":"string"/);
  });
});
