import { readdir, readFile, readlink } from 'node:fs/promises';
import { isIP } from 'node:net';
import { canonicalIp } from '@etcd-rotate/pki';
import type { ProcessSeen } from '@etcd-rotate/protocol';
import { ticksNow } from './moment.ts';
import { readSmall } from './read-small.ts';

/** A running process, and when it was started by the kernel's own count. */
export interface Process extends ProcessSeen {
  /** Since boot, 100 a second: USER_HZ on every Linux architecture that Node runs on. */
  startTicks: number;
}

export function asSeen({ pid, startedAt }: Process): ProcessSeen {
  return { pid, startedAt };
}

export function isSame(a: Process | undefined, b: Process | undefined): boolean {
  return a !== undefined && a.pid === b?.pid && a.startTicks === b.startTicks;
}

/** The process of a pid file, or nothing where there is none. */
export async function processOfPidFile(path: string): Promise<Process | undefined> {
  const text = await readSmall(path, 64).then(
    ({ bytes }) => bytes.toString().trim(),
    () => '',
  );
  return /^[1-9]\d{0,9}$/.test(text) ? seenProcess(Number(text)) : undefined;
}

/**
 * The process that listens on the host and port of a URL on this machine. Where the host is a name and more than one
 * process listens on that port, nobody can tell which is meant.
 */
export async function processListeningOn(url: string): Promise<Process | undefined> {
  const last = lastFound.get(url);
  // As long as a process holds its listening socket open, it listens.
  if (last && (await owned(last.pid, [last.inode])).length > 0) return seenProcess(last.pid);
  const { hostname, port } = new URL(url);
  const inodes = (await sockets(ownTables, listening, Number(port || 443)))
    .filter(({ local }) => covers(local, hostname))
    .map(({ inode }) => inode);
  if (inodes.length === 0) return undefined;
  const owner = new Map<string, number>();
  for (const pid of await pids()) {
    // The first: a child that was left an open socket does not serve it.
    for (const inode of await owned(pid, inodes)) owner.set(inode, owner.get(inode) ?? pid);
    if (owner.size === inodes.length) break;
  }
  const [pid, ...others] = new Set(owner.values());
  if (pid === undefined || others.length > 0) return undefined;
  const [inode] = inodes;
  if (inode !== undefined && inodes.length === 1) lastFound.set(url, { pid, inode });
  return seenProcess(pid);
}

/** Whom a URL led to last: to ask every process of a node anew takes tens of milliseconds. */
const lastFound = new Map<string, { pid: number; inode: string }>();

/**
 * Another process that listens where this one should: at the URL, or, where this one has a network of its own, in that at
 * any port. Nothing where it is this one, or nobody.
 */
export async function otherListener(pid: number, url: string): Promise<Process | undefined> {
  const network = await networkOf(pid);
  if (network === (await networkOf('self'))) {
    const found = await processListeningOn(url);
    return found?.pid === pid ? undefined : found;
  }
  const inodes = (await sockets(tablesOf(pid), listening)).map(({ inode }) => inode);
  if ((await owned(pid, inodes)).length > 0) return undefined;
  for (const other of await pids()) {
    if ((await networkOf(other)) !== network) continue;
    if ((await owned(other, inodes)).length > 0) return seenProcess(other);
  }
  return undefined;
}

function networkOf(pid: number | 'self'): Promise<string | undefined> {
  return readlink(`/proc/${pid}/ns/net`).catch(() => undefined);
}

/**
 * Established connections of a process to any of these URLs, as socket inodes: an inode that was not there before is a
 * connection that was opened since. A process in a container has a network of its own.
 */
export async function connectionsTo(pid: number, urls: readonly string[]): Promise<Set<string>> {
  const own = new Set(await socketInodes(pid));
  const targets = urls.map((url) => new URL(url));
  // A table for each port, and not for each URL: those of busy nodes are long.
  const ports = new Set(targets.map(({ port }) => Number(port || 443)));
  const found: string[] = [];
  for (const port of ports) {
    const hosts = targets
      .filter((target) => Number(target.port || 443) === port)
      .map(({ hostname }) => hostname);
    for (const { remote, inode } of await sockets(tablesOf(pid), established, port)) {
      if (own.has(inode) && hosts.some((host) => sameHost(remote, host))) found.push(inode);
    }
  }
  return new Set(found);
}

/** A process that runs; one that only waits to be reaped does not. Its start is exact to about 20 ms. */
export async function seenProcess(pid: number): Promise<Process | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The clock before the count: what comes in between makes the process look older, never younger.
    const now = Date.now();
    const ticks = await ticksNow();
    // The command's name may hold spaces and brackets: fields are counted from its last bracket.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    const startTicks = Number(fields[19]);
    return { pid, startTicks, startedAt: new Date(now - (ticks - startTicks) * 10).toISOString() };
  } catch {
    return undefined;
  }
}

const listening = { state: '0A', portOf: 'local' } as const;
const established = { state: '01', portOf: 'remote' } as const;

interface Socket {
  local: string;
  remote: string;
  inode: string;
}

const ownTables = '/proc/net';

/** In the network that a process is in, with the inodes that its own descriptors have. */
function tablesOf(pid: number): string {
  return `/proc/${pid}/net`;
}

/** Sockets in a state with a port on one of their ends. Tables of busy nodes are long: most lines are not read. */
async function sockets(
  folder: string,
  { state, portOf }: typeof listening | typeof established,
  port?: number,
): Promise<Socket[]> {
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`${folder}/${name}`, 'utf8').catch(() => '')),
  );
  const wanted = port === undefined ? ' ' : `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  return tables.flatMap((table) =>
    table
      .split('\n')
      .filter((line) => line.includes(wanted))
      .flatMap((line) => {
        const [, local = '', remote = '', is, , , , , , inode = ''] = line.trim().split(/\s+/);
        const end = portOf === 'local' ? local : remote;
        if (is !== state || !`${end} `.endsWith(wanted)) return [];
        return [{ local: addressIn(local), remote: addressIn(remote), inode }];
      }),
  );
}

/** `0101007F:094B`: the address in the machine's byte order, 32 bits at a time. */
function addressIn(text: string): string {
  const [hex = ''] = text.split(':');
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).reverse());
  const v4 = bytes.length === 16 && /^(00){10}ffff/i.test(bytes.join('')) ? bytes.slice(12) : bytes;
  if (v4.length === 4) return v4.map((byte) => Number.parseInt(byte, 16)).join('.');
  return canonicalIp(bytes.join('').replace(/....(?!$)/g, '$&:')) ?? '';
}

function covers(local: string, host: string): boolean {
  return local === '0.0.0.0' || local === '::' || sameHost(local, host);
}

/** A host that is a name is any address: the port tells. */
function sameHost(address: string, host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '');
  return isIP(bare) === 0 || address === canonicalIp(bare);
}

async function owned(pid: number, inodes: readonly string[]): Promise<string[]> {
  const own = await socketInodes(pid);
  return inodes.filter((inode) => own.includes(inode));
}

/** Those called etcd first: one of them nearly always is the one, and open files are slow to list. */
async function pids(): Promise<number[]> {
  const all = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const names = await Promise.all(all.map((pid) => readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')));
  const named = new Set(all.filter((_pid, index) => names[index] === 'etcd\n'));
  return [...named, ...all.filter((pid) => !named.has(pid))];
}

async function socketInodes(pid: number): Promise<string[]> {
  const names = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const links = await Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')));
  return links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
}
