import type { Certificate } from './certificate.ts';

/**
 * Why Go cannot read a certificate at all, if so. It then refuses the whole handshake in which the certificate is sent,
 * and an etcd with it in a bundle does not start (facts: etcd, section 2).
 */
export function whyUnreadable({ facts, parts: { key, extensions } }: Certificate): string | undefined {
  if (key.type === 'ec' && !curves.includes(key.curve ?? '')) {
    return `${facts.subject} has a key on the curve ${key.curve ?? 'of its own'}, which Go cannot read`;
  }
  return extensions.unreadable === undefined
    ? undefined
    : `${facts.subject} has ${extensions.unreadable}, which Go cannot read`;
}

const curves = ['secp224r1', 'prime256v1', 'secp384r1', 'secp521r1'];
