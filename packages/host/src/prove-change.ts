import { provePresents } from '@etcd-rotate/etcd';
import type { Proof } from '@etcd-rotate/protocol';
import { accessOf } from './access.ts';
import type { AgentHolder, ClientHolder } from './holders.ts';
import type { Installed } from './install-slots.ts';
import { inWords, startedSince } from './moment.ts';
import { processOf } from './process-of.ts';
import { isSame } from './processes.ts';
import type { Before } from './prove-before.ts';
import { proveConnectionsRenewed } from './prove-connections.ts';
import type { Work } from './work.ts';

export interface SinceThen {
  before: Before;
  installed: Installed;
}

const lookForMs = 15_000;

/**
 * What can be proven right after a change. What leaves a member's ports show is in prove-swapped.ts; what they accept, and all
 * others see, is a step of its own.
 */
export async function proveChange(work: Work, then: SinceThen): Promise<Proof[]> {
  const { holder } = work;
  switch (holder.kind) {
    case 'member':
      return [...then.before.proofs, ...(await proveNewProcess(work, then))];
    case 'client':
      return proveClientChange(work, holder, then);
    case 'agent':
      return proveAgentChange(work, holder);
  }
}

async function proveNewProcess({ holder, body }: Work, { before, installed }: SinceThen): Promise<Proof[]> {
  if (body.taken !== 'restart') return [];
  const process = await processOf(holder);
  const say = (verdict: Proof['verdict'], detail: string): Proof[] => [
    { what: 'new-process', where: holder.holder, verdict, detail },
  ];
  if (!process) return say('disproven', 'no process was found');
  const older = await Promise.all(
    installed.since.map(async (one) => ((await startedSince(process, one)) ? [] : [one])),
  );
  const [unread] = older.flat();
  const started = `process ${process.pid} was started ${process.startedAt}`;
  if (!unread) return say('proven', `${started}, after its files were written`);
  const same = isSame(process, before.process) ? '; it is the process of before' : '';
  return say('disproven', `${started}, the files were written ${inWords(unread)}${same}`);
}

/** A restarted client is a new process; a reloaded one has opened every connection anew. */
async function proveClientChange(work: Work, client: ClientHolder, then: SinceThen): Promise<Proof[]> {
  const process = await processOf(client);
  const newProcess = await proveNewProcess(work, then);
  if (!process) {
    const detail = 'no process was found, so that nothing is known of its connections';
    return [
      ...newProcess,
      { what: 'connections-renewed', where: client.holder, verdict: 'not-provable', detail },
    ];
  }
  const renewed = await proveConnectionsRenewed({
    where: client.holder,
    pid: process.pid,
    urls: work.body.members.map(({ clientUrl }) => clientUrl),
    before: then.before.connections,
    deadlineMs: lookForMs,
  });
  return [...newProcess, ...renewed];
}

/** The agent's own client opens a connection to every member with the files as they lie there now. */
async function proveAgentChange(work: Work, agent: AgentHolder): Promise<Proof[]> {
  const access = await accessOf(agent);
  if (!access.ok) {
    const { message } = access.failure;
    return [{ what: 'presents', where: agent.holder, verdict: 'not-provable', detail: message }];
  }
  const each = work.body.members.map(({ holder: owner, clientUrl, 'server-leaf': fingerprint }) =>
    provePresents({
      domain: 'client',
      url: clientUrl,
      ...access.value,
      fingerprint,
      dialler: agent.holder,
      owner,
      deadlineMs: lookForMs,
    }),
  );
  return (await Promise.all(each)).flat();
}
