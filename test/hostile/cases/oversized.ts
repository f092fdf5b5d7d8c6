import { sizeLimits } from '@etcd-rotate/bus';
import { type Command, subjects } from '@etcd-rotate/protocol';
import type { Case, Scene } from '../case.ts';
import {
  aCommand,
  aRequest,
  aResult,
  bytesOf,
  command,
  fleet,
  request,
  result,
  signed,
} from '../messages.ts';

/** More of everything than anybody needs. */
export const oversized: Scene = async (stage) => {
  const { signingKey } = stage.who.coordinator;
  const m3 = await stage.as('node', 'm3');
  const m3Key = stage.who.of('node', 'm3').signingKey;
  const admin = await stage.as('operator', 'admin');
  const adminKey = stage.who.of('operator', 'admin').signingKey;
  const told = {
    class: 'oversized',
    by: 'the coordinator',
    expected: 'bad-message',
    control: () => command(stage, signed('command', aCommand(stage), signingKey)),
  };
  const answered = {
    ...told,
    by: 'node m3',
    control: () => result(m3, signed('result', aResult(), m3Key)),
  };
  const asked = {
    ...told,
    by: 'operator admin',
    control: () => request(stage, admin, signed('request', aRequest(stage), adminKey, 'admin')),
  };
  const padded = (value: unknown, to: number): Uint8Array => {
    const bytes = bytesOf(value);
    return Buffer.concat([bytes, Buffer.alloc(to - bytes.length, ' ')]);
  };
  const failing = (message: string): ReturnType<typeof aResult> =>
    aResult({
      outcome: {
        ok: false,
        failure: { code: 'internal', message, hint: '', retryable: false },
        decision: 'untouched',
      },
    });
  const change = (bundle: string): Command['body'] => ({
    type: 'change',
    slots: { 'client-bundle': { bundle } },
    before: {},
    taken: 'restart',
    handOverTo: [],
    acceptDowntime: true,
    startTimeoutMs: 1,
    settleMs: 0,
    ports: { canaries: {}, oldLeaves: {} },
    members: [],
  });
  const requested = (csr: string): ReturnType<typeof aResult> =>
    aResult({
      outcome: {
        ok: true,
        value: { type: 'requested', leaves: [{ slot: 'server-leaf', csr, proof: '' }], canaries: [] },
      },
    });
  const cases: Case[] = [
    {
      ...told,
      name: 'a command of one byte more than there may be',
      attack: () =>
        command(stage, signed('command', padded(aCommand(stage), sizeLimits.command + 1), signingKey)),
    },
    {
      ...told,
      name: 'a command with a bundle of more than a megabyte',
      attack: () =>
        command(
          stage,
          signed('command', aCommand(stage, { body: change('A'.repeat(1_100_000)) }), signingKey),
        ),
    },
    {
      ...told,
      name: 'a command with an id of a thousand letters',
      attack: () => command(stage, signed('command', aCommand(stage, { id: 'a'.repeat(1000) }), signingKey)),
    },
    {
      ...told,
      name: 'a signature of a megabyte',
      by: 'owner of NATS',
      expected: 'not-signed',
      attack: () => command(stage, { data: bytesOf(aCommand(stage)), signature: 'A'.repeat(1_000_000) }),
    },
    {
      ...answered,
      name: 'a result of one byte more than there may be',
      attack: () => result(m3, signed('result', padded(failing(''), sizeLimits.result + 1), m3Key)),
    },
    {
      ...answered,
      name: 'a result larger than the server takes',
      attack: async () => {
        const sent = await m3.publish(subjects.result(fleet, 'm3'), {
          data: new Uint8Array(8 * 1024 * 1024),
        });
        return sent.ok ? 'obeyed' : sent.failure.code;
      },
    },
    {
      ...answered,
      name: 'a certificate request of more than 16 kB',
      attack: () => result(m3, signed('result', requested('A'.repeat(16_385)), m3Key)),
    },
    {
      ...answered,
      name: 'a failure of three megabytes: it is taken, and nobody waits for it',
      expected: 'obeyed',
      attack: () => result(m3, signed('result', failing('A'.repeat(3_000_000)), m3Key)),
    },
    {
      ...asked,
      name: 'a request of one byte more than there may be',
      attack: () =>
        request(
          stage,
          admin,
          signed('request', padded(aRequest(stage), sizeLimits.request + 1), adminKey, 'admin'),
        ),
    },
    {
      ...asked,
      name: 'a digest of a megabyte',
      expected: 'unknown-rotation',
      attack: () => {
        const body = {
          type: 'rollback',
          rotation: 'r1',
          keepNewCa: true,
          digest: '0'.repeat(1_000_000),
        } as const;
        return request(stage, admin, signed('request', aRequest(stage, { body }), adminKey, 'admin'));
      },
    },
    {
      ...asked,
      name: 'a name of an operator with a thousand letters',
      expected: 'nats-refused',
      attack: () => request(stage, admin, signed('request', aRequest(stage), adminKey, 'a'.repeat(1000))),
    },
    {
      ...asked,
      name: 'a journal page after the largest number there is',
      expected: 'bad-message',
      attack: () => {
        const text = JSON.stringify(aRequest(stage, { body: { type: 'journal', after: 1, waitMs: 0 } }));
        const huge = bytesOf(text.replace('"after":1', `"after":${'9'.repeat(400)}`));
        return request(stage, admin, signed('request', huge, adminKey, 'admin'));
      },
    },
  ];
  return cases;
};
