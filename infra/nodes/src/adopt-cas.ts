import { readFileSync } from 'node:fs';
import { caFiles } from '@etcd-rotate/lab';
import type { Control } from './control.ts';
import type { FleetFiles } from './layout.ts';
import type { Machine } from './machine.ts';

/** Gives the first CAs to a coordinator that runs, as an operator does who has their keys. */
export async function adoptCas(
  { rotate }: Pick<Control, 'rotate'>,
  coordinator: Machine,
  { files, oneCa = false }: { files: FleetFiles; oneCa?: boolean },
): Promise<void> {
  const { client, peer } = caFiles(files, { oneCa });
  const named = oneCa
    ? ([['etcd-ca', client]] as const)
    : ([
        ['client-ca', client],
        ['peer-ca', peer],
      ] as const);
  for (const [name, { cert, key }] of named) {
    const at = { cert: `/root/${name}.pem`, key: `/root/${name}-key.pem` };
    await coordinator.write(at.cert, readFileSync(cert, 'utf8'));
    await coordinator.write(at.key, readFileSync(key, 'utf8'), 0o600);
    const run = await rotate(['ca', 'adopt', '--name', name, '--cert', at.cert, '--key', at.key]);
    if (run.code !== 0)
      throw new Error(`rotate ca adopt ${name}: exit ${run.code}: ${run.stderr || run.stdout}`);
    await coordinator.sh(`rm ${at.key}`);
  }
}
