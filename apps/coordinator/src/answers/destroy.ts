import type { Journal } from '@etcd-rotate/journal';
import { type Failure, fail, ok, type Result } from '@etcd-rotate/protocol';
import { observe } from '@etcd-rotate/runner';
import type { CaRecord } from '@etcd-rotate/signer';
import { useOf } from '../ca-use.ts';
import type { CaDesk, CaStore } from './cas.ts';
import { type Body, done, type Outcome, refused } from './refusals.ts';
import { stillThere } from './still-there.ts';

interface DestroyDesk extends CaDesk {
  whileNothingBegins(answer: () => Promise<Outcome>): Promise<Outcome>;
}

type Ca = ReturnType<CaStore['list']>[number];

/** Destroys the key of a CA that nothing needs any more, and writes it down once it is gone. */
export async function destroy(
  desk: DestroyDesk,
  operator: string,
  { name }: Body<'ca-destroy'>,
): Promise<Outcome> {
  const { cas, journal } = desk.parts;
  const ca = cas.list().find((one) => one.name === name);
  if (!ca) return refused(unknown(name));
  if (ca.key === 'outside') return refused(outside(ca));
  // Asked for again: what it was cut off from is made up for.
  if (ca.key === 'destroyed') return gone(await cas.destroy(name, operator), journal);
  return desk.whileNothingBegins(async () => {
    const [first, ...rest] = await whyInUse(desk, ca);
    if (first) return { ok: false, failures: [first, ...rest] };
    return gone(await cas.destroy(name, operator), journal);
  });
}

/**
 * The entry comes after the deed, though elsewhere it is written down first: one that says that a key is gone is believed
 * by whoever looks for it in a backup. What is lacking because we were cut off in between is written when the lead is
 * taken next.
 */
export async function recordDestroyed(
  cas: Pick<CaStore, 'list'>,
  journal: Journal,
): Promise<Result<undefined>> {
  for (const ca of cas.list()) {
    if (ca.key !== 'destroyed') continue;
    const recorded = await record(ca, journal);
    if (!recorded.ok) return recorded;
  }
  return ok(undefined);
}

async function gone(destroyed: Result<CaRecord>, journal: Journal): Promise<Outcome> {
  if (!destroyed.ok) return refused(destroyed.failure);
  const recorded = await record(destroyed.value, journal);
  return recorded.ok ? done : refused(recorded.failure);
}

async function record(
  { name, facts: { fingerprint, subject }, destroyedBy }: Pick<Ca, 'name' | 'facts' | 'destroyedBy'>,
  journal: Journal,
): Promise<Result<undefined>> {
  const isThere = journal
    .entries()
    .some(({ body }) => body.type === 'ca-key' && body.did === 'destroyed' && body.name === name);
  if (isThere) return ok(undefined);
  const by = destroyedBy === undefined ? {} : { operator: destroyedBy };
  const entry = await journal.append({ type: 'ca-key', did: 'destroyed', name, fingerprint, subject, ...by });
  return entry.ok ? ok(undefined) : entry;
}

async function whyInUse(desk: CaDesk, ca: Ca): Promise<Failure[]> {
  const written = whyWritten(desk, ca);
  // What is written down is enough: no node is asked for nothing.
  if (written.length > 0) return written;
  const { fleet, ports } = desk.parts;
  const looks = await Promise.all(
    fleet.clusters.map(async (cluster) => {
      const { observations, missing } = await observe(fleet.fleet, cluster, ports);
      return {
        cluster,
        found: [...missing.map(({ message }) => message), ...stillThere(ca.facts, cluster, observations)],
      };
    }),
  );
  return looks.flatMap(({ cluster: { name: cluster }, found: [first, ...more] }) => {
    if (first === undefined) return [];
    const others = more.length === 0 ? '' : `, and ${more.length} more`;
    const { failure } = fail(
      'ca-in-use',
      `${ca.name}: ${cluster} may still need it: ${first}${others}`,
      'what was not seen may still need it: see `rotate status`; where it is still there, rotate to another CA, with --retire',
    );
    return { ...failure, causes: [first, ...more].slice(0, 50) };
  });
}

function whyWritten({ parts: { ports }, rotations }: CaDesk, { name, facts }: Ca): Failure[] {
  const { neededBy, issues, kept } = useOf(facts, rotations.all());
  const unfinished = neededBy.map(
    ({ id, cluster, state }) =>
      fail(
        'ca-in-use',
        `${name}: rotation ${id} of ${cluster} needs it, which is not finished (${state.status})`,
        'end the rotation first: `rotate resume`, or `rotate rollback`',
      ).failure,
  );
  if (unfinished.length > 0) return unfinished;
  const issuing = issues.map(
    ({ cluster, domain }) =>
      fail(
        'ca-in-use',
        `${name}: it issued leaves of ${cluster}, domain ${domain}, as the last rotation there left them`,
        'rotate to another CA first; its key may be destroyed once the grace after that has passed',
      ).failure,
  );
  if (issuing.length > 0) return issuing;
  if (!kept || kept.until <= ports.clock.now()) return [];
  const { rotation, until } = kept;
  return [
    fail(
      'ca-in-use',
      `${name}: its key is kept until ${until.toISOString()}, the grace of ${rotation.cluster} after rotation ${rotation.id}`,
      'destroy it after that; how long it is kept is policy.grace of the cluster when it is rotated',
    ).failure,
  ];
}

function unknown(name: string): Failure {
  return fail('unknown-ca', `the coordinator holds no CA named "${name}"`, 'see `rotate ca list`').failure;
}

function outside({ name, outside: where }: Ca): Failure {
  return fail(
    'ca-not-held',
    `the key of ${name} is not held here, but by a signer outside${where === undefined ? '' : ` (${where})`}`,
    'destroy it there',
  ).failure;
}
