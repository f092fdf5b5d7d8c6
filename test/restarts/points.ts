import type { Command, Entry, EntryBody } from '@etcd-rotate/protocol';
import type { Moment } from './agent-process.ts';

/** A moment in a rotation, by what it is about: what comes again after a fault has the same name. */
export type Point = string;

export function entryPoint(body: EntryBody, side: 'before' | 'after'): Point {
  return `${side} ${nameOf(body)}`;
}

export function commandPoint({ step, body }: Pick<Command, 'step' | 'body'>, moment: Moment): Point {
  return `${step} ${body.type} ${moment}`;
}

export interface EntryOf {
  name: string;
  /** Which node it is about, where it is about one. */
  node: string | undefined;
}

/** The entries of a journal by name, each once. */
export function entriesOf(entries: readonly Entry[]): EntryOf[] {
  const byName = new Map(
    entries.map(({ body }) => [nameOf(body), { name: nameOf(body), node: nodeOf(body) }]),
  );
  return [...byName.values()];
}

function nameOf(body: EntryBody): string {
  switch (body.type) {
    case 'sent':
      return `sent ${body.step} ${body.command.body.type}`;
    case 'result':
      return `result ${body.step} ${body.result.id.split('.').at(-1)}`;
    case 'signed':
      return `signed ${body.step}`;
    case 'lead':
    case 'started':
    case 'ca':
    case 'holding':
    case 'held':
    case 'resumed':
    case 'turned':
    case 'approved':
    case 'finished':
    case 'invited':
    case 'joined':
    case 'removed':
    case 'key-trusted':
    case 'ca-key':
      return body.type;
  }
}

function nodeOf(body: EntryBody): string | undefined {
  if (body.type === 'sent') return body.command.node;
  return body.type === 'result' ? body.result.node : undefined;
}
