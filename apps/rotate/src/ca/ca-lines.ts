import type { CaEntry } from '@etcd-rotate/protocol';
import { columns } from '../terminal.ts';

const day = 86_400_000;
const head = ['name', 'key', 'fingerprint', 'valid until', 'subject', 'use'];

/** A line a CA, below what the columns are. */
export function caLines(cas: readonly CaEntry[], now: Date): string[] {
  const rows = cas.map((ca) => {
    const { fingerprint, subject, notAfter } = ca.certificate.facts;
    return [ca.name, ca.key, fingerprint.slice(0, 16), lasts(notAfter, now), subject, use(ca, now)];
  });
  return columns([head, ...rows]);
}

function lasts(notAfter: string, now: Date): string {
  const days = Math.floor((Date.parse(notAfter) - now.getTime()) / day);
  const left = days < 0 ? 'expired' : `${days} ${days === 1 ? 'day' : 'days'}`;
  return `${notAfter.slice(0, 10)} (${left})`;
}

export function use({ issues, replacedAt, mayBeDestroyedFrom, key }: CaEntry, now: Date): string {
  if (issues.length > 0)
    return `issues ${issues.map(({ cluster, domain }) => `${cluster} ${domain}`).join(', ')}`;
  if (replacedAt === undefined) return key === 'destroyed' ? 'nothing' : 'no rotation has ended with it yet';
  const replaced = `replaced ${minute(replacedAt)}`;
  if (mayBeDestroyedFrom === undefined) return replaced;
  const isFree = Date.parse(mayBeDestroyedFrom) <= now.getTime();
  return `${replaced}; its key may be destroyed${isFree ? '' : ` from ${minute(mayBeDestroyedFrom)}`}`;
}

function minute(instant: string): string {
  return `${instant.slice(0, 16).replace('T', ' ')}Z`;
}
