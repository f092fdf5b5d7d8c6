import type { Case, Scene } from '../case.ts';
import { aCommand, aRequest, aResult, bytesOf, command, request, result, signed } from '../messages.ts';

/** JSON that is more, or other, than it seems; each rightly signed by somebody who may sign. */
export const nested: Scene = async (stage) => {
  const { signingKey } = stage.who.coordinator;
  const m3 = await stage.as('node', 'm3');
  const m3Key = stage.who.of('node', 'm3').signingKey;
  const admin = await stage.as('operator', 'admin');
  const adminKey = stage.who.of('operator', 'admin').signingKey;
  const deep = 100_000;
  const tries: Record<string, [code: string, alter: (text: string) => string | Uint8Array]> = {
    'a list a hundred thousand deep': [
      'bad-message',
      (text) => inside(text, `${'['.repeat(deep)}${']'.repeat(deep)}`),
    ],
    'an object a hundred thousand deep': [
      'bad-message',
      (text) => inside(text, `${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}`),
    ],
    'a hundred thousand fields more': [
      'bad-message',
      (text) => inside(text, `{${Array.from({ length: deep }, (_, i) => `"k${i}":1`).join(',')}}`),
    ],
    'a field __proto__': ['bad-message', (text) => text.replace('{', '{"__proto__":{"v":1},')],
    'a field constructor': ['bad-message', (text) => text.replace('{', '{"constructor":{"prototype":{}},')],
    'a field toString inside': ['bad-message', (text) => inside(text, '{"toString":1}')],
    'its version twice, the second another': [
      'unknown-version',
      (text) => text.replace('"v":1', '"v":1,"v":2'),
    ],
    'its fleet twice, the second another': [
      'not-for-us',
      (text) => text.replace('"fleet":"lab"', '"fleet":"lab","fleet":"other"'),
    ],
    'no version': ['unknown-version', (text) => text.replace('"v":1,', '')],
    'a version that is a text': ['unknown-version', (text) => text.replace('"v":1', '"v":"1"')],
    'bytes that are not UTF-8': [
      'bad-message',
      (text) => Buffer.concat([Buffer.from(text), Buffer.from([0xff, 0xfe])]),
    ],
    'UTF-16': ['bad-message', (text) => Buffer.from(text, 'utf16le')],
    'a NUL in its id': ['bad-message', (text) => text.replace('"id":"hostile', '"id":"hostile\\u0000')],
    'a NUL between its fields': ['bad-message', (text) => text.replace(',', ',\0')],
    'half of a letter of two halves in its id': [
      'bad-message',
      (text) => text.replace('"id":"hostile', '"id":"\\ud800'),
    ],
    'NaN for a number': ['bad-message', (text) => text.replace('"v":1', '"v":NaN')],
    'a list for an object': ['unknown-version', (text) => `[${text}]`],
    null: ['unknown-version', () => 'null'],
    'a text': ['unknown-version', (text) => JSON.stringify(text)],
    'two messages in one': ['bad-message', (text) => text + text],
  };
  const kinds: [
    by: string,
    what: string,
    value: () => unknown,
    send: (data: Uint8Array) => Promise<string>,
  ][] = [
    ['node m3', 'a result', () => aResult(), (data) => result(m3, signed('result', data, m3Key))],
    [
      'operator admin',
      'a request',
      () => aRequest(stage),
      (data) => request(stage, admin, signed('request', data, adminKey, 'admin')),
    ],
    [
      'the coordinator',
      'a command',
      () => aCommand(stage),
      (data) => command(stage, signed('command', data, signingKey)),
    ],
  ];
  return Object.entries(tries).flatMap(([name, [expected, alter]], i): Case[] => {
    const [by, what, value, send] = kinds[i % kinds.length] ?? kinds[0] ?? never();
    return [
      {
        class: 'nested, odd JSON',
        name: `${what} with ${name}`,
        by,
        expected,
        attack: () => {
          const altered = alter(JSON.stringify(value()));
          return send(typeof altered === 'string' ? bytesOf(altered) : altered);
        },
        control: () => send(bytesOf(value())),
      },
    ];
  });
};

/** As one field more. */
function inside(text: string, value: string): string {
  return text.replace('{', `{"more":${value},`);
}

function never(): never {
  throw new Error('no kinds');
}
