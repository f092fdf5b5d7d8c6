import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Lab, MemberLayout, PairFiles } from '@etcd-rotate/lab';
import { type Pair, writePair } from './lab-pki.ts';

// Things that are wrong with a lab, each with how it is taken back.

export type TakenBack = () => void | Promise<void>;

/**
 * Files as they are, their age included: a file that is written again is younger than the process that has read it. Who
 * names one in a folder of certificates gets a copy of the folder for the while, and the folder itself back.
 */
export function keeping(files: readonly string[]): TakenBack {
  const folders = new Set(files.filter((file) => file.endsWith('.pem')).map((file) => dirname(file)));
  const others = files.filter((file) => !folders.has(dirname(file)));
  const backs = [...[...folders].map(keepingFolder), ...others.map(keepingText)];
  return () => {
    for (const back of backs) back();
  };
}

let folders = 0;

function keepingFolder(folder: string): () => void {
  folders += 1;
  const [kept, other] = [`${folder}.kept-${folders}`, `${folder}.other-${folders}`];
  cpSync(folder, other, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  renameSync(folder, kept);
  renameSync(other, folder);
  return () => {
    renameSync(folder, other);
    renameSync(kept, folder);
    rmSync(other, { recursive: true });
  };
}

function keepingText(file: string): () => void {
  const text = readFileSync(file);
  return () => writeFileSync(file, text);
}

export function withFile(file: string, text: string): TakenBack {
  const back = keeping([file]);
  writeFileSync(file, text);
  return back;
}

export function withPair(files: PairFiles, pair: Pair): TakenBack {
  const back = keeping([files.cert, files.key]);
  writePair(files, pair);
  return back;
}

/** Another fleet file while it lasts. */
export async function withFleet(
  lab: Lab,
  change: Parameters<Lab['control']['reviseFleet']>[0],
): Promise<TakenBack> {
  const back = keeping([lab.layout.coordinator.fleetFile]);
  await lab.control.reviseFleet(change);
  return async () => {
    await back();
    await lab.control.reviseFleet(() => undefined);
  };
}

export async function withAgent(
  lab: Lab,
  node: string,
  change: Parameters<Lab['control']['reviseAgent']>[1],
): Promise<TakenBack> {
  const back = keeping([memberOf(lab, node).agentFile]);
  await lab.control.reviseAgent(node, change);
  return async () => {
    await back();
    await lab.control.reviseAgent(node, () => undefined);
  };
}

/** A member started again with more flags: the last one of a name counts. */
export async function withFlags(lab: Lab, member: string, flags: readonly string[]): Promise<TakenBack> {
  const back = withCommand(lab, `etcd-${member}`, (line) => [line, ...flags].join(' '));
  await lab.etcd(member).restart();
  return async () => {
    await back();
    await lab.etcd(member).restart();
    await lab.serving();
  };
}

/** Another command line of a service, from its next start on. */
export function withCommand(lab: Lab, service: string, change: (line: string) => string): TakenBack {
  const file = join(lab.layout.services, service, 'run');
  const [first = '', line = ''] = readFileSync(file, 'utf8').split('\n');
  return withFile(file, `${first}\n${change(line)}\n`);
}

export function memberOf(lab: Lab, name: string): MemberLayout {
  const member = lab.layout.members.find((one) => one.name === name);
  if (!member) throw new Error(`no member ${name}`);
  return member;
}
