import { attributeIds } from './oids.ts';
import { type Attribute, attributesOf, type RawName } from './raw-name.ts';

/** A name for people, as Go and RFC 4514 write it: the most specific part first, `CN=etcd-ca,O=Example`. */
export function sayName(name: RawName): string {
  return attributesOf(name)
    .map((relative) => relative.map(sayAttribute).join('+'))
    .reverse()
    .join(',');
}

/** The common name that Go and so etcd takes for the user: the last one, where there are several. */
export function commonNameOf(name: RawName): string | undefined {
  return attributesOf(name)
    .flat()
    .findLast((attribute) => attribute.id === attributeIds.commonName)?.text;
}

/** A name as OpenSSL compares it: without regard to case, runs of spaces and kind of string. */
export function canonicalName(name: RawName): string {
  const attribute = ({ id, text, der }: Attribute) => [
    id,
    text === undefined ? der.toString('hex') : text.trim().replace(/\s+/g, ' ').replace(/[A-Z]/g, lower),
  ];
  return JSON.stringify(attributesOf(name).map((relative) => relative.map(attribute)));
}

const lower = (letter: string) => letter.toLowerCase();

const shortNames: Record<string, string> = {
  [attributeIds.country]: 'C',
  [attributeIds.state]: 'ST',
  [attributeIds.locality]: 'L',
  [attributeIds.organization]: 'O',
  [attributeIds.organizationalUnit]: 'OU',
  [attributeIds.commonName]: 'CN',
  '2.5.4.5': 'SERIALNUMBER',
  '2.5.4.9': 'STREET',
  '2.5.4.17': 'POSTALCODE',
  '0.9.2342.19200300.100.1.25': 'DC',
  '0.9.2342.19200300.100.1.1': 'UID',
  '1.2.840.113549.1.9.1': 'emailAddress',
};

function sayAttribute({ id, text, der }: Attribute): string {
  return `${shortNames[id] ?? id}=${text === undefined ? `#${der.toString('hex')}` : escaped(text)}`;
}

/** Control and invisible characters too: this text ends on terminals and in logs. */
function escaped(text: string): string {
  return text
    .replace(/[,+"\\<>;=]/g, '\\$&')
    .replace(/^[ #]| $/g, '\\$&')
    .replace(/\p{C}/gu, (letter) => Buffer.from(letter).toString('hex').replace(/../g, '\\$&'));
}
