import type { OperatorReply } from '@etcd-rotate/protocol';

type Status = Extract<Extract<OperatorReply['outcome'], { ok: true }>['value'], { type: 'status' }>;

/** One line, also where one coordinator is all there is. */
export function whoLeads({ epoch, coordinators }: Pick<Status, 'epoch' | 'coordinators'>): string {
  const leading = coordinators.find((one) => one.leads);
  const others = coordinators.filter((one) => !one.leads);
  if (!leading || others.length === 0) return `coordinator leads under epoch ${epoch}`;
  const standBy = others.map(({ name, version }) =>
    version === leading.version ? name : `${name} (version ${version})`,
  );
  const since = leading.since.slice(0, 19).replace('T', ' ');
  const verb = standBy.length === 1 ? 'stands' : 'stand';
  return `coordinator ${leading.name} leads under epoch ${epoch} since ${since}, ${standBy.join(' and ')} ${verb} by`;
}
