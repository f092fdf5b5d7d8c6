import {
  type Element,
  implicit,
  objectId,
  octets,
  sequence,
  tagged,
  toDer,
  yes,
} from '../../packages/pki/src/write-der.ts';

// Extensions that no profile of ours has.

export function extension(id: string, value: Element, critical = false): Element {
  return sequence(objectId(id), ...(critical ? [yes()] : []), octets(toDer(value)));
}

/** Name constraints: what is permitted, or what is excluded. */
export function constraints(list: 'permitted' | 'excluded', ...bases: Element[]): Element {
  const subtrees = bases.map((base) => sequence(base));
  return extension('2.5.29.30', sequence(tagged(list === 'permitted' ? 0 : 1, ...subtrees)), true);
}

export const dnsBase = (domain: string) => implicit(2, Buffer.from(domain));
export const mailBase = (domain: string) => implicit(1, Buffer.from(domain));
export const netBase = (...bytes: number[]) => implicit(7, Buffer.from(bytes));

export function usagesOf(...ids: string[]): Element {
  return extension('2.5.29.37', sequence(...ids.map(objectId)));
}
