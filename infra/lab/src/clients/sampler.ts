// Measures what the restarts themselves cost: from SIGTERM to the first linearizable read over a new connection that
// the new process answers. It takes part in nothing and knows nothing of a rotation; it reads what the service script
// notes.

import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { dial, readCredentials } from '../grpc/dial.ts';
import { read } from '../grpc/etcd-calls.ts';
import { writeJson } from './client-config.ts';
import type { Floor, SamplerConfig, SamplerReport } from './sampler-config.ts';

const sampleEvery = 10;
const sampleTimeout = 250;

const [, , configFile = ''] = process.argv;
const config = JSON.parse(readFileSync(configFile, 'utf8')) as SamplerConfig;
const floors: Floor[] = [];
const unanswered = new Set<string>();
let stopping = false;
/** A restart that is being measured when the end comes is measured to its end, up to here. */
let deadline = Number.POSITIVE_INFINITY;
process.on('SIGTERM', () => {
  stopping = true;
  deadline = Date.now() + 5_000;
});

const following = config.members.map(follow);
writeJson(config.readyFile, true);
await Promise.all(following);
writeJson(config.reportFile, {
  floors: floors.sort((a, b) => a.term - b.term),
  floorSeconds: floors.reduce((sum, { term, read: at }) => sum + (at - term), 0) / 1000,
  unanswered: [...unanswered],
} satisfies SamplerReport);
process.exit();

type Member = SamplerConfig['members'][number];

async function follow(member: Member): Promise<void> {
  const next = tail(member.restartsFile);
  let term: number | undefined;
  for (let last = false; !last; ) {
    // Looked at once more after the end has come: a line may have been written since.
    last = stopping;
    for (const line of next()) {
      const [what, at] = line.split(' ');
      if (what === 'TERM') term = Number(at);
      if (what !== 'START' || term === undefined) continue;
      const measured = term;
      term = undefined;
      unanswered.add(`${member.name} ${measured}`);
      const answered = await firstRead(member);
      if (answered === undefined) return;
      unanswered.delete(`${member.name} ${measured}`);
      floors.push({ member: member.name, term: measured, start: Number(at), read: answered });
    }
    await pause(sampleEvery);
  }
}

/** Every sample begins after the start of the new process, so that none is answered by the old one. */
async function firstRead({ endpoint }: Member): Promise<number | undefined> {
  while (Date.now() < deadline) {
    const begun = Date.now();
    if (await isRead(endpoint)) return Date.now();
    await pause(Math.max(0, sampleEvery - (Date.now() - begun)));
  }
  return undefined;
}

async function isRead(endpoint: string): Promise<boolean> {
  try {
    const session = await dial(endpoint, readCredentials(config.files), sampleTimeout);
    try {
      await read(session, 'sampler', sampleTimeout);
      return true;
    } finally {
      session.destroy();
    }
  } catch {
    return false;
  }
}

/** Gives the lines that were appended since the last call; what was there at first is passed over. */
function tail(file: string): () => string[] {
  let from = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  let rest = '';
  return () => {
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    if (size <= from) return [];
    const buffer = Buffer.alloc(size - from);
    const descriptor = openSync(file, 'r');
    readSync(descriptor, buffer, 0, buffer.length, from);
    closeSync(descriptor);
    from = size;
    const lines = `${rest}${buffer}`.split('\n');
    rest = lines.pop() ?? '';
    return lines;
  };
}
