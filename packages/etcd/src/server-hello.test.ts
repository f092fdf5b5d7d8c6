import { describe, expect, test } from 'vitest';
import { type Heard, serverHelloReader } from './server-hello.ts';

const length = (size: number, value: number) => {
  const bytes = Buffer.alloc(size);
  bytes.writeUIntBE(value, 0, size);
  return bytes;
};
const vector = (size: number, ...parts: Buffer[]) => {
  const body = Buffer.concat(parts);
  return Buffer.concat([length(size, body.length), body]);
};
const message = (type: number, ...parts: Buffer[]) =>
  Buffer.concat([Buffer.from([type]), vector(3, ...parts)]);
const record = (body: Buffer, type = 22) => Buffer.concat([Buffer.from([type, 3, 3]), vector(2, body)]);

const hello = (version = 0x0303) => message(2, length(2, version), Buffer.alloc(36));
const chain = message(11, vector(3, vector(3, Buffer.from('leaf')), vector(3, Buffer.from('ca'))));
const names = (...all: string[]) => vector(2, ...all.map((name) => vector(2, Buffer.from(name))));
const request = (...all: string[]) =>
  message(13, vector(1, Buffer.from([1, 64])), vector(2, Buffer.from([4, 3])), names(...all));
const done = message(14);

function heard(bytes: Buffer, pieceSize = bytes.length): Heard {
  const read = serverHelloReader();
  let last: Heard = { type: 'more' };
  for (let at = 0; at < bytes.length && last.type === 'more'; at += pieceSize) {
    last = read(bytes.subarray(at, at + pieceSize));
  }
  return last;
}

const whole = Buffer.concat([hello(), chain, request('one', 'two'), done]);
const all = {
  type: 'done',
  hello: {
    chain: [Buffer.from('leaf'), Buffer.from('ca')],
    issuers: [Buffer.from('one'), Buffer.from('two')],
  },
};

describe('a handshake is read', () => {
  test('from one record with all of it', () => {
    expect(heard(record(whole))).toEqual(all);
  });

  test.each([1, 2, 7, 100])('from records of %i bytes, in pieces of any size', (size) => {
    const records: Buffer[] = [];
    for (let at = 0; at < whole.length; at += size) records.push(record(whole.subarray(at, at + size)));
    for (const pieceSize of [1, 3, 64, 10_000]) {
      expect(heard(Buffer.concat(records), pieceSize)).toEqual(all);
    }
  });

  test('of TLS 1.1, which has no list of algorithms before the names', () => {
    const old = message(13, vector(1, Buffer.from([1])), names('one'));
    const seen = heard(record(Buffer.concat([hello(0x0302), chain, old, done])));
    expect(seen).toMatchObject({ type: 'done', hello: { issuers: [Buffer.from('one')] } });
  });

  test('without a request for a certificate, and with an empty list, which are told apart', () => {
    expect(heard(record(Buffer.concat([hello(), chain, done])))).toMatchObject({
      hello: { issuers: undefined },
    });
    expect(heard(record(Buffer.concat([hello(), chain, request(), done])))).toMatchObject({
      hello: { issuers: [] },
    });
  });
});

describe('what is no handshake in the clear is garbled', () => {
  test.each([
    ['an alert', record(Buffer.from([2, 40]), 21)],
    ['plain HTTP', Buffer.from('HTTP/1.0 400 Bad Request\r\n\r\n')],
    ['an empty record', record(Buffer.alloc(0))],
    ['a record that is too long', Buffer.from([22, 3, 3, 0xff, 0xff])],
    [
      'a list of names that is longer than its message',
      record(Buffer.concat([hello(), message(13, Buffer.from([1, 1, 0, 2, 4, 3, 0xff, 0xff]))])),
    ],
    [
      'a name that is longer than its list',
      record(Buffer.concat([hello(), message(13, vector(1), vector(2), vector(2, length(2, 500)))])),
    ],
    ['a chain that ends in the middle of a length', record(message(11, vector(3, Buffer.from([0, 0]))))],
    ['an empty greeting', record(message(2))],
  ])('%s', (_what, bytes) => {
    expect(heard(bytes)).toEqual({ type: 'garbled' });
  });

  test('more than any server has to say', () => {
    const most = record(Buffer.concat([message(12, Buffer.alloc(10_000))]));
    expect(heard(Buffer.concat(Array<Buffer>(40).fill(most)), 5000)).toEqual({ type: 'garbled' });
  });

  test('any bytes at all: there is an answer, and never a fault', () => {
    for (let seed = 1; seed < 3000; seed += 1) {
      const bytes = Buffer.from(record(whole));
      // One byte of a good handshake is another one.
      bytes[seed % bytes.length] = (seed * 37) & 0xff;
      expect(['more', 'done', 'garbled']).toContain(heard(bytes, 1 + (seed % 50)).type);
    }
  });
});
