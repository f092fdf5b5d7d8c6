import type { CertificateFacts } from '@etcd-rotate/protocol';

export interface Adopted {
  name: string;
  facts: Pick<CertificateFacts, 'subject' | 'fingerprint' | 'notAfter'>;
  keyFile: string;
  /** Whether others can read the key's file. */
  isOpen: boolean;
}

/** For whoever gave a CA to the coordinator: what is held now, and that the original key is a risk. */
export function sayAdopted({ name, facts, keyFile, isOpen }: Adopted): string[] {
  return [
    `adopted: ${name}`,
    `  subject      ${facts.subject}`,
    `  fingerprint  ${facts.fingerprint}`,
    `  valid until  ${facts.notAfter}`,
    '',
    ...(isOpen ? [`Others than its owner can read ${keyFile}, or change it: chmod 600 ${keyFile}`] : []),
    `The original key is still in ${keyFile}, unencrypted: whoever can read it can sign for this cluster. Keep it off line or`,
    'remove it, with its copies and backups.',
  ];
}
