import { createPrivateKey } from 'node:crypto';

/** A secret, and every way of writing it that would give it away. */
export interface Secret {
  name: string;
  forms: Buffer[];
}

/** Of a private key in PEM: its private number, raw, in hex and in base64 wherever it stands in longer base64. */
export function keySecret(name: string, pem: string): Secret {
  const { d } = createPrivateKey(pem).export({ format: 'jwk' });
  if (d === undefined) throw new Error(`${name} has no private number`);
  return { name, forms: formsOf(Buffer.from(d, 'base64url')) };
}

export function textSecret(name: string, text: string): Secret {
  return { name, forms: formsOf(Buffer.from(text)) };
}

/** Keys of which nobody of us has a copy: what every private key begins with, and how an nkey seed looks. */
export const shapes: Secret[] = [
  { name: 'a private key in PEM', forms: [Buffer.from('PRIVATE KEY-----')] },
  {
    name: 'an EC key in PKCS#8',
    forms: prefixForms('308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420'),
  },
  { name: 'an EC key as OpenSSL writes it', forms: prefixForms('30770201010420') },
  { name: 'an Ed25519 key in PKCS#8', forms: prefixForms('302e020100300506032b657004220420') },
];

function formsOf(bytes: Buffer): Buffer[] {
  const hex = bytes.toString('hex');
  return [
    bytes,
    ...[hex, hex.toUpperCase(), ...base64Of(bytes)].map((text) => Buffer.from(text)),
    ...base64Of(bytes).flatMap((text) =>
      /[+/]/.test(text) ? [Buffer.from(text.replaceAll('+', '-').replaceAll('/', '_'))] : [],
    ),
  ];
}

/** What stands at the beginning of something longer. */
function prefixForms(hex: string): Buffer[] {
  const bytes = Buffer.from(hex, 'hex');
  // Bytes before may shift it; the first one of three has no neighbour in a file or a field of its own.
  return [bytes, Buffer.from(hex), Buffer.from(base64Of(bytes)[0] ?? hex)];
}

/** As it looks behind none, one or two bytes of something else, without the letters that those have part in. */
function base64Of(bytes: Buffer): string[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const whole = Math.floor(((before + bytes.length) * 8) / 6);
    return text.slice(before === 0 ? 0 : before + 1, whole);
  });
}
