import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from '@etcd-rotate/lab';
import { Entry } from '@etcd-rotate/protocol';

/** What must be the same after an attack, by `part of node`; and the journal as far as it went. */
export interface Photo {
  parts: ReadonlyMap<string, string>;
  journal: readonly Entry[];
}

/** Looks at every node of a lab as its disk and its processes show it, past every program of ours. */
export function photograph(lab: Lab): Photo {
  const parts = new Map<string, string>();
  for (const { holder, slot, file, key } of lab.slotFiles()) {
    parts.set(`slot ${slot} of ${holder}`, [file, ...(key === undefined ? [] : [key])].map(digest).join(' '));
  }
  for (const { name, agentState } of lab.layout.members) {
    parts.set(`epoch of ${name}`, contentsOf(join(agentState, 'epoch')));
    parts.set(`commands of ${name}`, digest(join(agentState, 'commands.json')));
    parts.set(`copies of ${name}`, namesIn(join(agentState, 'rotations')));
    const etcd = lab.etcd(name);
    parts.set(`process of ${name}`, `${etcd.pid()} restarts ${etcd.restarts().length}`);
    parts.set(`snapshots of ${name}`, filesUnder(join(agentState, 'rotations'), 'snapshot.db'));
  }
  const { state } = lab.layout.coordinator;
  parts.set('CAs of the coordinator', namesIn(join(state, 'cas')));
  return { parts, journal: journalOf(lab) };
}

export function journalOf({ layout }: Lab): Entry[] {
  const lines = contentsOf(join(layout.coordinator.state, 'journal', 'journal.jsonl')).split('\n');
  // What follows the last newline is being written.
  return lines.slice(0, -1).map((line) => Entry.parse(JSON.parse(line)));
}

/** What differs, in words; nothing where nothing does that may not. */
export function changesBetween(
  before: Photo,
  after: Photo,
  { mayWrite = [], mayChange = [] }: { mayWrite?: readonly string[]; mayChange?: readonly string[] },
): string[] {
  const names = new Set([...before.parts.keys(), ...after.parts.keys()]);
  const changed = [...names].filter(
    (name) =>
      before.parts.get(name) !== after.parts.get(name) && !mayChange.some((part) => name.startsWith(part)),
  );
  const written = after.journal
    .slice(before.journal.length)
    .flatMap(({ body }) =>
      body.type === 'signed' ? body.certificates.map(({ holder }) => `signed for ${holder}`) : body.type,
    );
  return [
    ...changed.map((name) => `${name} changed`),
    ...written
      .filter((what) => !mayWrite.some((may) => what === may || what.startsWith(`${may} for `)))
      .map((what) => `the journal got an entry: ${what}`),
    ...(after.journal.length < before.journal.length ? ['the journal lost entries'] : []),
  ];
}

function digest(file: string): string {
  return existsSync(file) ? createHash('sha256').update(readFileSync(file)).digest('hex') : 'not there';
}

function contentsOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

function namesIn(folder: string): string {
  return existsSync(folder) ? readdirSync(folder).sort().join(' ') : '';
}

function filesUnder(folder: string, name: string): string {
  if (!existsSync(folder)) return '';
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith(name),
  );
  return found.map((path) => `${path} ${statSync(join(folder, path)).mtimeMs}`).join('\n');
}
