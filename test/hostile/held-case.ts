import { readFileSync } from 'node:fs';
import type { Outcome } from '@etcd-rotate/host';
import { type Certificate, provePossession, readCertificate } from '@etcd-rotate/pki';
import { type Command, type CommandResult, Secret, type Slot } from '@etcd-rotate/protocol';
import { memberOf } from '../provoked.ts';
import type { Case } from './case.ts';
import type { HostileAgent, Tamper } from './hostile-agent.ts';
import { journalOf } from './photo.ts';
import type { Steered } from './rotation.ts';
import type { Stage } from './stage.ts';

/** A real rotation that is held because of a hostile node, and asked to go on for each case. */
export interface Here {
  stage: Stage;
  agent: HostileAgent;
  rotation: Steered;
  control: () => Promise<string>;
  node: string;
}

export const honestly: Tamper = (_command, honest) => honest;

/** Holds the rotation without a word about certificates. */
export const away: Tamper = (command, honest) => (isAsked(command) ? refusal : honest);

/** Of the node's own client it asks as it should. */
export function isAsked({ body, holder }: Command): boolean {
  return body.type === 'request' && holder.startsWith('member/');
}

export const refusal: Outcome = {
  ok: false,
  failure: { code: 'key-lost', message: 'a hostile node says so', hint: '', retryable: false },
  decision: 'untouched',
};

export type Requested = Extract<
  Extract<CommandResult['outcome'], { ok: true }>['value'],
  { type: 'requested' }
>;

/** With the key of the leaf that is there: root of the node has it. */
export function proofBy({ stage, node }: Pick<Here, 'stage' | 'node'>, slot: Slot, csr: string): string {
  const { server, peer } = memberOf(stage.lab, node);
  return provePossession(csr, new Secret(readFileSync((slot === 'peer-leaf' ? peer : server).key, 'utf8')));
}

export function heldBy(
  { agent, rotation, control, node }: Here,
  {
    name,
    expected,
    tamper,
    mayWrite = [],
    mayChange = [],
    about = 'requests',
  }: {
    name: string;
    expected: string;
    tamper: (note: (code: string) => void) => Tamper;
    mayWrite?: readonly string[];
    mayChange?: readonly string[];
    about?: string;
  },
): Case {
  return {
    class: about,
    name,
    by: `root of node ${node}`,
    expected,
    mayWrite: ['resumed', 'sent', 'result', 'held', ...mayWrite],
    mayChange: ['commands of', ...mayChange],
    attack: async () => {
      let noted: string | undefined;
      agent.answers(
        tamper((code) => {
          noted ??= code;
        }),
      );
      const came = await rotation.resumed();
      return noted ?? came;
    },
    control,
    controlLast: true,
  };
}

export function isSignedFor({ lab }: Stage, { id }: Steered): boolean {
  return journalOf(lab).some(({ body }) => body.type === 'signed' && body.rotation === id);
}

/** Asked by many, done once. */
export function once(what: () => Promise<string>): () => Promise<string> {
  let came: Promise<string> | undefined;
  return () => {
    came ??= what();
    return came;
  };
}

export function certificateIn(file: string): Certificate {
  const read = readCertificate(readFileSync(file, 'utf8'));
  if (!read.ok) throw new Error(read.failure.message);
  return read.value;
}
