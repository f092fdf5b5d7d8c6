import type { EtcdVersion } from '@etcd-rotate/lab';
import { type Case, type Group, here, type Port } from './case.ts';
import { type EtcdProcess, startEtcd } from './etcd-process.ts';
import { offer, type Verdict } from './offer.ts';
import { serve } from './serve.ts';

/** What an etcd said of one case; `dialled` where it was the one who dials. */
export interface Heard {
  case: Case;
  port: Port | 'dialled';
  verdict: Verdict;
}

/** Starts the etcds that a group needs and asks them. */
export async function hear(version: EtcdVersion, group: Group): Promise<Heard[]> {
  return [
    ...(group.arrivals ? await hearListener(version, group, group.arrivals) : []),
    ...(group.servers ? await hearDialler(version, group, group.servers) : []),
  ];
}

export function portsOf({ ports = ['client', 'peer'] }: Case): Port[] {
  return ports;
}

async function hearListener(version: EtcdVersion, group: Group, cases: Case[]): Promise<Heard[]> {
  await using etcd = await startEtcd(version, group);
  await etcd.up();
  const asked = cases.flatMap((one) => portsOf(one).map((port) => ({ case: one, port })));
  if (etcd.hasEnded() && group.doesNotStart) {
    return asked.map((one) => ({ ...one, verdict: { accepted: false, how: 'etcd does not start' } }));
  }
  try {
    if (group.doesNotStart) throw new Error('it starts');
    return await Promise.all(asked.map(async (one) => ({ ...one, verdict: await ask(etcd, one) })));
  } catch (error) {
    throw new Error(`${group.title}, etcd ${version}: ${error}\n${etcd.log().slice(-2000)}`);
  }
}

function ask(
  { clientUrl, peerUrl }: EtcdProcess,
  { case: { shows, at = here }, port }: { case: Case; port: Port },
): Promise<Verdict> {
  return offer(shows, { url: port === 'client' ? clientUrl : peerUrl, from: at });
}

/** One etcd that is told of many peers dials them all. */
async function hearDialler(version: EtcdVersion, group: Group, cases: Case[]): Promise<Heard[]> {
  await using scope = new AsyncDisposableStack();
  const servers = await Promise.all(cases.map(serve));
  for (const server of servers) scope.use(server);
  const etcd = scope.use(
    await startEtcd(
      version,
      group,
      servers.map(({ url }) => url),
    ),
  );
  const late = new Promise<never>((_resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`not all were dialled\n${etcd.log().slice(-3000)}`)),
      20_000,
    );
    scope.defer(() => clearTimeout(timer));
  });
  const verdicts = await Promise.race([Promise.all(servers.map(({ verdict }) => verdict)), late]);
  return cases.flatMap((one, index) => {
    const verdict = verdicts[index];
    return verdict ? [{ case: one, port: 'dialled' as const, verdict }] : [];
  });
}
