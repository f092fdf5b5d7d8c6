import { relative } from 'node:path';
import type { Lab } from '@etcd-rotate/lab';
import { table } from './table.ts';

/** Every file that the rotation is about, a line for each certificate in it. */
export function certificateTable(lab: Lab): string {
  const rows = lab
    .slotFiles()
    .flatMap(({ node, file, certificates }) =>
      certificates.map(({ subject, issuer, expires }, index) => [
        index === 0 ? node : '',
        index === 0 ? relative(`${lab.folder}/node-${node}`, file) : '',
        subject,
        issuer,
        expires.toISOString().slice(0, 10),
      ]),
    );
  return table([['node', 'file', 'subject', 'issuer', 'expires'], ...rows]);
}
