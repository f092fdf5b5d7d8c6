import type { Case, Scene } from '../case.ts';
import { aCommand, aRequest, aResult, bytesOf, command, request, result, signed } from '../messages.ts';

/** Messages that end too soon: cut on their way, or signed by somebody who sends half. */
export const truncated: Scene = async (stage) => {
  const { signingKey } = stage.who.coordinator;
  const m3 = await stage.as('node', 'm3');
  const m3Key = stage.who.of('node', 'm3').signingKey;
  const admin = await stage.as('operator', 'admin');
  const adminKey = stage.who.of('operator', 'admin').signingKey;
  const told = {
    class: 'truncated',
    by: 'owner of NATS',
    control: () => command(stage, signed('command', aCommand(stage), signingKey)),
  };
  const answered = {
    class: 'truncated',
    by: 'node m3',
    control: () => result(m3, signed('result', aResult(), m3Key)),
  };
  const asked = {
    class: 'truncated',
    by: 'operator admin',
    control: () => request(stage, admin, signed('request', aRequest(stage), adminKey, 'admin')),
  };
  const cut = (bytes: Uint8Array, by: number): Uint8Array => bytes.subarray(0, bytes.length - by);
  const cases: Case[] = [
    {
      ...told,
      name: 'a command without its last byte',
      expected: 'not-signed',
      attack: () => {
        const whole = signed('command', aCommand(stage), signingKey);
        return command(stage, { ...whole, data: cut(whole.data, 1) });
      },
    },
    {
      ...told,
      name: 'a command of no bytes',
      expected: 'not-signed',
      attack: () =>
        command(stage, { ...signed('command', aCommand(stage), signingKey), data: new Uint8Array() }),
    },
    {
      ...told,
      name: 'a command with half of its signature',
      expected: 'not-signed',
      attack: () => {
        const { data, signature = '' } = signed('command', aCommand(stage), signingKey);
        return command(stage, { data, signature: signature.slice(0, 44) });
      },
    },
  ];
  const halves: Record<string, (whole: Uint8Array) => Uint8Array> = {
    'its last byte missing': (whole) => cut(whole, 1),
    'its second half missing': (whole) => cut(whole, whole.length >> 1),
    'nothing in it': () => new Uint8Array(),
    'half a letter at its end': (whole) => Buffer.concat([cut(whole, 2), Buffer.from([0xc3])]),
  };
  for (const [name, half] of Object.entries(halves)) {
    cases.push(
      {
        ...answered,
        name: `a result, signed, with ${name}`,
        expected: 'bad-message',
        attack: () => result(m3, signed('result', half(bytesOf(aResult())), m3Key)),
      },
      {
        ...asked,
        name: `a request, signed, with ${name}`,
        expected: 'bad-message',
        attack: () =>
          request(stage, admin, signed('request', half(bytesOf(aRequest(stage))), adminKey, 'admin')),
      },
    );
  }
  return cases;
};
