import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { nameFrom, readCsr } from '@etcd-rotate/pki';
import type { Command, CommandResult, Slot } from '@etcd-rotate/protocol';
import { pemBlock } from '../../../packages/pki/src/pem.ts';
import {
  implicit,
  objectId,
  octets,
  sequence,
  set,
  toDer,
  utf8Text,
} from '../../../packages/pki/src/write-der.ts';
import { basicConstraints, keyUsage, subjectAltName } from '../../../packages/pki/src/write-extensions.ts';
import { memberOf } from '../../provoked.ts';
import type { Case, Scene } from '../case.ts';
import { aKey, aRequestFor, type Wish } from '../certificate-request.ts';
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
  refusal,
} from '../held-case.ts';
import { hostileAgent } from '../hostile-agent.ts';
import { aResult, result, signed } from '../messages.ts';
import { journalOf } from '../photo.ts';
import { planFor, startRotation } from '../rotation.ts';

/**
 * Root of a node asks for certificates that are not its own. The rotation is real and held at each; asked again without
 * the tampering it is signed for and goes to its end, which is the control of all of them.
 */
export const certificateRequests: Scene = async (stage, opened) => {
  const plan = await planFor(stage, { strategy: 'renew' });
  // The last one changes alone: what is signed or changed while it is held can be for nobody else.
  const last = plan.steps.findLast(
    ({ holder, action }) => action.type === 'change' && holder.startsWith('member/'),
  );
  if (!last) throw new Error('a renewal without a member');
  const agent = await hostileAgent(stage, last.node);
  opened.use(agent);
  agent.answers(away);
  const began = journalOf(stage.lab).length;
  const rotation = await startRotation(stage, { strategy: 'renew' });
  opened.use(rotation);
  await rotation.comesTo(began);
  const control = once(async () => {
    agent.answers(honestly);
    const outcome = await rotation.resumed();
    return outcome === 'rotated' && isSignedFor(stage, rotation) ? 'obeyed' : outcome;
  });
  const scene = { stage, agent, rotation, control, node: last.node };
  return [...leafCases(scene), ...answerCases(scene)];
};

function leafCases(here: Here): Case[] {
  const { stage, node } = here;
  const files = memberOf(stage.lab, node);
  const server = certificateIn(files.server.cert);
  const other = certificateIn(memberOf(stage.lab, node === 'm1' ? 'm2' : 'm1').server.cert);
  const ca = certificateIn(join(stage.lab.layout.ca, 'ca.pem'));
  const { subject } = server.parts;
  const own = server.facts.names;
  const names = (dns: string[], ip: string[] = []) => subjectAltName({ dns, ip }, false);
  const rsa = (modulusLength: number): KeyObject => generateKeyPairSync('rsa', { modulusLength }).privateKey;
  const tries: Record<string, [code: string, wish: () => Partial<Wish> | string]> = {
    'another common name: root': ['may-not-sign', () => ({ subject: nameFrom({ commonName: 'root' }) })],
    "another node's common name": ['may-not-sign', () => ({ subject: other.parts.subject })],
    'its own common name in another encoding': [
      'may-not-sign',
      () => ({ subject: inUtf8(server.facts.subject) }),
    ],
    'no subject at all': ['may-not-sign', () => ({ subject: nameFrom({}) })],
    'the right to be a CA': ['may-not-sign', () => ({ extensions: [basicConstraints(true)] })],
    'the right to be a CA, in keyUsage': ['may-not-sign', () => ({ extensions: [keyUsage('keyCertSign')] })],
    'one DNS name more': [
      'may-not-sign',
      () => ({ extensions: [names([...own.dns, 'etcd.example.com'], own.ip)] }),
    ],
    'one IP address more': [
      'may-not-sign',
      () => ({ extensions: [names(own.dns, [...own.ip, '192.0.2.1'])] }),
    ],
    "another node's names": [
      'may-not-sign',
      () => ({ extensions: [names(other.facts.names.dns, other.facts.names.ip)] }),
    ],
    'a name for every host': ['may-not-sign', () => ({ extensions: [names([...own.dns, '*'])] })],
    'a name with a NUL in it': ['may-not-sign', () => ({ extensions: [rawName(2, 'm3\0.example.com')] })],
    'an e-mail address': ['bad-csr', () => ({ extensions: [rawName(1, 'root@example.com')] })],
    'a URI': ['bad-csr', () => ({ extensions: [rawName(6, 'spiffe://etcd/root')] })],
    'an IP address of five bytes': ['bad-csr', () => ({ extensions: [rawName(7, '12345')] })],
    'an RSA key of 1024 bits': ['may-not-sign', () => ({ key: rsa(1024) })],
    'an RSA key where the fleet has ECDSA': ['may-not-sign', () => ({ key: rsa(2048) })],
    'an Ed25519 key': ['may-not-sign', () => ({ key: generateKeyPairSync('ed25519').privateKey })],
    'a key on the curve P-521': [
      'may-not-sign',
      () => ({ key: generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey }),
    ],
    'a signature with one bit turned': ['bad-csr', () => ({ damageSignature: true })],
    'a key that somebody else has the private half of': ['bad-csr', () => ({ signer: aKey() })],
    "the CA's own public key": ['bad-csr', () => ({ publicKey: ca.parts.publicKey, signer: aKey() })],
    'two lists of extensions': ['bad-csr', () => ({ extensions: [names(own.dns, own.ip)], lists: 2 })],
    'bytes behind the request': ['bad-csr', () => ({ trailing: Buffer.from([0, 1, 2]) })],
    'a certificate instead of a request': ['bad-csr', () => server.pem],
    'two requests in one': ['bad-csr', () => aRequestFor({ subject }) + aRequestFor({ subject })],
    'DER that is none': ['bad-csr', () => pemBlock('CERTIFICATE REQUEST', Buffer.alloc(300, 0x30))],
    'a length that is longer than the file': [
      'bad-csr',
      () => pemBlock('CERTIFICATE REQUEST', Buffer.from('3084ffffffff0201', 'hex')),
    ],
    nothing: ['bad-csr', () => ''],
  };
  const m1 = node === 'm1' ? 'm2' : 'm1';
  const proofs: Record<string, (slot: Slot, csr: string) => string> = {
    'no proof that it has the present key': () => '',
    "a proof with another node's key": (slot, csr) => proofBy({ stage, node: m1 }, slot, csr),
    'a proof for another request': (slot) => proofBy(here, slot, aRequestFor({ subject })),
  };
  const unproven = Object.entries(proofs).map(([name, proof]) =>
    held(here, { name: `asks with ${name}`, expected: 'may-not-sign', tamper: (csr) => csr, proofs: proof }),
  );
  const asked = Object.entries(tries).map(([name, [expected, wish]]) =>
    held(here, {
      name: `asks for ${name}`,
      expected,
      tamper: (csr) => {
        const wanted = wish();
        return typeof wanted === 'string' ? wanted : aRequestFor({ subject: subjectIn(csr), ...wanted });
      },
    }),
  );
  return [...asked, ...unproven];
}

function answerCases(here: Here): Case[] {
  const { stage, node } = here;
  const m1 = node === 'm1' ? 'm2' : 'm1';
  const { signingKey } = stage.who.of('node', node);
  const leaf = (slot: Slot, csr: string) => ({ slot, csr, proof: proofBy(here, slot, csr) });
  const csrFor = (command: Command): string => {
    const holder = memberOf(stage.lab, command.node);
    return aRequestFor({ subject: certificateIn(holder.server.cert).parts.subject });
  };
  /** Says something else beside its answer, and then answers nothing. */
  const beside = (name: string, expected: string, said: (command: Command) => Partial<CommandResult>): Case =>
    heldBy(here, {
      name,
      expected,
      tamper: (note) => async (command, honest, bus) => {
        if (!isAsked(command)) return honest;
        const { id, rotation, step, holder } = command;
        const one = aResult({ id, rotation, step, node, holder, outcome: honest, ...said(command) });
        note(await result(bus, signed('result', one, signingKey), node));
        return refusal;
      },
    });
  const extra = (
    name: string,
    expected: string,
    add: (command: Command, value: Requested) => Requested,
  ): Case =>
    heldBy(here, {
      name,
      expected,
      tamper: () => (command, honest) =>
        isAsked(command) && honest.ok && honest.value.type === 'requested'
          ? { ok: true, value: add(command, honest.value) }
          : honest,
    });
  return [
    beside('answers in the name of another node', 'not-for-us', () => ({ node: m1 })),
    beside('answers for another fleet', 'not-for-us', () => ({ fleet: 'other' })),
    beside('answers with an extension of a megabyte', 'bad-message', () => ({
      outcome: {
        ok: true,
        value: {
          type: 'requested',
          leaves: [
            leaf('server-leaf', aRequestFor({ subject: nameFrom({}), extensions: [unknown(1_000_000)] })),
          ],
          canaries: [],
        },
      },
    })),
    beside("answers for another node's holder", 'obeyed', () => ({ holder: `member/${m1}` })),
    beside("answers another command's id", 'obeyed', ({ id }) => ({ id: `${id}.other` })),
    beside("answers another step's id", 'obeyed', () => ({ step: 'prepare' })),
    beside('answers as if it had been a change', 'obeyed', ({ id }) => ({
      id: id.replace('.request', '.change'),
    })),
    extra('asks for a canary that nobody asked it for', 'may-not-sign', (_command, value) => ({
      ...value,
      canaries: [
        {
          domain: 'client',
          csr: aRequestFor({ subject: nameFrom({ commonName: 'etcd-rotate-canary' }) }),
          proof: '',
        },
      ],
    })),
    extra('asks for one leaf twice, for two keys', 'may-not-sign', (command, value) => ({
      ...value,
      leaves: [...value.leaves, leaf('server-leaf', csrFor(command))],
    })),
    extra('asks for a leaf of a slot that members do not have', 'may-not-sign', (command, value) => ({
      ...value,
      leaves: [...value.leaves, leaf('client-leaf', csrFor(command))],
    })),
    extra('asks for none of the leaves that it shall have', 'may-not-sign', (_command, value) => ({
      ...value,
      leaves: [],
    })),
  ];
}

/** Every leaf request of the node, replaced. */
function held(
  here: Here,
  {
    name,
    expected,
    tamper,
    proofs,
  }: {
    name: string;
    expected: string;
    tamper: (csr: string) => string;
    /** Instead of that with the node's own key. */
    proofs?: (slot: Slot, csr: string) => string;
  },
): Case {
  return heldBy(here, {
    name,
    expected,
    tamper: () => (command, honest) => {
      if (!isAsked(command) || !honest.ok || honest.value.type !== 'requested') return honest;
      const leaves = honest.value.leaves.map(({ slot, csr: before }) => {
        const csr = tamper(before);
        return { slot, csr, proof: proofs?.(slot, csr) ?? proofBy(here, slot, csr) };
      });
      return { ok: true, value: { ...honest.value, leaves } };
    },
  });
}

function subjectIn(csr: string): Uint8Array {
  const read = readCsr(csr);
  return read.ok ? read.value.subject : nameFrom({});
}

/** As forge and Go write it, where cfssl has written PrintableString. */
function inUtf8(subject: string): Uint8Array {
  const name = /CN=([^,]+)/.exec(subject)?.[1] ?? subject;
  return toDer(sequence(set(sequence(objectId('2.5.4.3'), utf8Text(name)))));
}

function rawName(tag: number, name: string) {
  const names = sequence(implicit(tag, Buffer.from(name, 'latin1')));
  return sequence(objectId('2.5.29.17'), octets(toDer(names)));
}

function unknown(bytes: number) {
  return sequence(objectId('1.3.6.1.4.1.99999.1'), octets(Buffer.alloc(bytes, 7)));
}
