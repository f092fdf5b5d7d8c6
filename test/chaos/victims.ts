import type { Lab } from '@etcd-rotate/lab';
import type { Scene } from './scene.ts';

/** The node of the step at the point, or any. */
export function nodeAt({ lab, tail, step, chance }: Scene): string {
  const started = tail.entries.find(({ body }) => body.type === 'started')?.body;
  const known =
    started?.type === 'started' ? started.plan.steps.find(({ id }) => id === step)?.node : undefined;
  return known ?? chance.one(lab.layout.members).name;
}

export type WhichMember = 'changed' | 'leader' | 'other';

/** A member by its part in what goes on; where nothing of that part is there, any other. */
export function memberAt(scene: Scene, which: WhichMember): string {
  const changed = changedLast(scene);
  const leader = leaderNow(scene.lab);
  switch (which) {
    case 'changed':
      return changed ?? nodeAt(scene);
    case 'leader':
      return leader;
    case 'other': {
      const others = scene.lab.layout.members.map(({ name }) => name).filter((name) => name !== changed);
      const followers = others.filter((name) => name !== leader);
      return scene.chance.one(followers.length > 0 ? followers : others);
    }
  }
}

/** The member whose change was sent last. */
function changedLast({ tail }: Scene): string | undefined {
  const sent = tail.entries.findLast(
    ({ body }) =>
      body.type === 'sent' &&
      body.command.body.type === 'change' &&
      body.command.holder.startsWith('member/'),
  )?.body;
  return sent?.type === 'sent' ? sent.command.node : undefined;
}

/** From the logs: an etcdctl would take longer than the moment lasts. */
function leaderNow({ layout, etcd }: Lab): string {
  let newest = { name: layout.members[0]?.name ?? 'm1', term: 0 };
  for (const { name } of layout.members) {
    for (const [, term] of etcd(name)
      .log()
      .matchAll(/became leader at term (\d+)/g)) {
      if (Number(term) > newest.term) newest = { name, term: Number(term) };
    }
  }
  return newest.name;
}
