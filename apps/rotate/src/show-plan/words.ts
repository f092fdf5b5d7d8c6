import type { CaRef } from '@etcd-rotate/protocol';

// How a plan calls things, everywhere the same.

export const short = (fingerprint: string): string => fingerprint.slice(0, 8);

export const days = (ms: number): string => `${Math.round(ms / 86_400_000)} days`;

export function caName(ref: CaRef): string {
  if (ref.role !== 'seen') return ref.name;
  const { commonName, subject, fingerprint } = ref.certificate.facts;
  return `"${commonName ?? subject}" (${short(fingerprint)})`;
}

export function counted(count: number, one: string, many: string = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

export function about(seconds: number): string {
  return seconds < 120 ? `about ${seconds} s` : `about ${Math.round(seconds / 60)} min`;
}
