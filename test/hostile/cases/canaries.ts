import { generateKeyPairSync } from 'node:crypto';
import { nameFrom, readCsr } from '@etcd-rotate/pki';
import type { Domain } from '@etcd-rotate/protocol';
import { basicConstraints, subjectAltName } from '../../../packages/pki/src/write-extensions.ts';
import { memberOf } from '../../provoked.ts';
import type { Case, Scene } from '../case.ts';
import { aRequestFor, type Wish } from '../certificate-request.ts';
import {
  away,
  certificateIn,
  type Here,
  heldBy,
  honestly,
  isAsked,
  isSignedFor,
  once,
  proofBy,
  type Requested,
} from '../held-case.ts';
import { hostileAgent } from '../hostile-agent.ts';
import { journalOf } from '../photo.ts';
import { planFor, startRotation } from '../rotation.ts';

/**
 * Canaries let whoever has one into a client port for minutes. A rotation to new CAs is held before its first member changes,
 * by root of that node; it goes to its end as soon as the node asks as it should.
 */
export const canaries: Scene = async (stage, opened) => {
  const wanted = { strategy: 'staged', restarts: 'when-needed' } as const;
  const plan = await planFor(stage, wanted);
  const first = plan.steps.find(({ action }) => action.type === 'change' && action.canaries.length > 0);
  if (!first) throw new Error('a rotation without canaries');
  const { node } = first;
  const agent = opened.use(await hostileAgent(stage, node));
  agent.answers(away);
  const began = journalOf(stage.lab).length;
  const rotation = opened.use(await startRotation(stage, wanted));
  await rotation.comesTo(began);
  const control = once(async () => {
    agent.answers(honestly);
    const outcome = await rotation.resumed();
    return outcome === 'rotated' && isSignedFor(stage, rotation) ? 'obeyed' : outcome;
  });
  return casesOf({ stage, agent, rotation, control, node });
};

function casesOf(here: Here): Case[] {
  const { stage, node } = here;
  const other = certificateIn(memberOf(stage.lab, node === 'm1' ? 'm2' : 'm1').peer.cert);
  const one = (name: string, change: (value: Requested) => Requested): Case =>
    heldBy(here, {
      name,
      expected: 'may-not-sign',
      about: 'canaries',
      // The next member asks as it should, and ahead of its turn.
      mayWrite: ['m1', 'm2', 'm3'].filter((name) => name !== node).map((name) => `signed for member/${name}`),
      // Clients of the other nodes take their bundles meanwhile, for which nothing is signed.
      mayChange: ['slot server-bundle of client/agent-'],
      tamper: () => (command, honest) =>
        isAsked(command) && honest.ok && honest.value.type === 'requested'
          ? { ok: true, value: change(honest.value) }
          : honest,
    });
  const asking = (name: string, domain: Domain, wish: Partial<Wish>): Case =>
    one(`a ${domain} canary with ${name}`, (value) => ({
      ...value,
      canaries: value.canaries.map((canary) => {
        if (canary.domain !== domain) return canary;
        const read = readCsr(canary.csr);
        const subject = read.ok ? read.value.subject : nameFrom({});
        const csr = aRequestFor({ subject, ...wish });
        return { domain, csr, proof: proofBy(here, domain === 'peer' ? 'peer-leaf' : 'server-leaf', csr) };
      }),
    }));
  const { dns, ip } = other.facts.names;
  return [
    asking('the common name root', 'client', { subject: nameFrom({ commonName: 'root' }) }),
    asking('a name of a host', 'client', {
      extensions: [subjectAltName({ dns: ['etcd.example.com'], ip: [] }, false)],
    }),
    asking('the right to be a CA', 'client', { extensions: [basicConstraints(true)] }),
    asking('an RSA key', 'client', { key: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey }),
    asking("another member's names", 'peer', { extensions: [subjectAltName({ dns, ip }, false)] }),
    asking("another member's subject", 'peer', { subject: nameFrom({ commonName: 'etcd-root' }) }),
    one('no proof that it has the key of the leaf of the port', (value) => ({
      ...value,
      canaries: value.canaries.map((canary) => ({ ...canary, proof: '' })),
    })),
    one('two client canaries', (value) => ({ ...value, canaries: [...value.canaries, ...value.canaries] })),
    one('a leaf beside the canaries', (value) => {
      const csr = aRequestFor({
        subject: certificateIn(memberOf(stage.lab, node).server.cert).parts.subject,
      });
      return { ...value, leaves: [{ slot: 'server-leaf', csr, proof: proofBy(here, 'server-leaf', csr) }] };
    }),
    one('no canary at all', (value) => ({ ...value, canaries: [] })),
  ];
}
