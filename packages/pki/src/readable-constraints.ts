import { at, bytesOf, childrenOf, isTagged } from './read-der.ts';
import type { Element } from './write-der.ts';

/** Whether Go can read name constraints: some must be there, domains without empty labels, networks with a plain mask. */
export function readableConstraints(constraints: Element): boolean {
  const bases = childrenOf(constraints).flatMap((list) => childrenOf(list).map((subtree) => at(subtree, 0)));
  return bases.length > 0 && bases.every(readable);
}

function readable(base: Element): boolean {
  if (isTagged(base, 2)) return isDomain(bytesOf(base).toString('latin1').replace(/^\./, ''));
  if (isTagged(base, 7)) return isNetwork(bytesOf(base));
  return true;
}

function isDomain(domain: string): boolean {
  return domain === '' || domain.split('.').every((label) => /^[\x21-\x7e]+$/.test(label));
}

/** An address and a mask of its length, of which the ones all come first. */
function isNetwork(bytes: Buffer): boolean {
  const mask = [...bytes.subarray(bytes.length / 2)]
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('');
  return (bytes.length === 8 || bytes.length === 32) && /^1*0*$/.test(mask);
}
