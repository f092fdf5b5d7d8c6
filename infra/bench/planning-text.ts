import { table } from '../demo/table.ts';
import type { Planning } from './planning-part.ts';

export function planningText({ members, clients, ways }: Planning): string {
  const rows = ways.map(({ name, steps, restarts, proofs, firstMs, medianMs, slowestMs, rounds }) => [
    name,
    String(steps),
    String(restarts),
    String(proofs),
    firstMs.toFixed(0),
    medianMs.toFixed(1),
    slowestMs.toFixed(1),
    String(rounds),
  ]);
  return [
    `planning and proving, ${members} members and ${clients} clients`,
    table([
      ['rotation', 'steps', 'restarts', 'proofs', 'first ms', 'median ms', 'slowest ms', 'rounds'],
      ...rows,
    ]),
    '',
    'first: of a coordinator that has never seen the cluster. median, slowest: of the rounds after it.',
  ].join('\n');
}
