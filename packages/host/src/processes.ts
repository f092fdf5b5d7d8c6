import { readdir, readFile, readlink } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { ProcessSeen } from '@etcd-rotate/protocol';

/** Ticks a second in /proc/<pid>/stat: USER_HZ, 100 on every Linux architecture that Node runs on. */
const ticksPerSecond = 100;

/** The process of a pid file, or nothing where there is none. */
export async function processOfPidFile(path: string): Promise<ProcessSeen | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const pid = Number(text.trim());
  return Number.isInteger(pid) && pid > 0 ? seenProcess(pid) : undefined;
}

/** The process that listens on the host and port of a URL on this machine. */
export async function processListeningOn(url: string): Promise<ProcessSeen | undefined> {
  const { hostname, port } = new URL(url);
  const inodes = (await sockets())
    .filter(({ state, local }) => state === listening && local.port === Number(port || 443) && covers(local.address, hostname))
    .map(({ inode }) => inode);
  if (inodes.length === 0) return undefined;
  for (const pid of await pids()) {
    if ((await socketInodes(pid)).some((inode) => inodes.includes(inode))) return seenProcess(pid);
  }
  return undefined;
}

/**
 * Established connections of a process to any of these URLs, as socket inodes: an inode that was not there before is a
 * connection that was opened since.
 */
export async function connectionsTo(pid: number, urls: readonly string[]): Promise<Set<string>> {
  const own = new Set(await socketInodes(pid));
  const targets = urls.map((url) => new URL(url));
  const found = (await sockets()).filter(
    ({ state, remote, inode }) =>
      state === established &&
      own.has(inode) &&
      targets.some(({ hostname, port }) => remote.port === Number(port || 443) && sameHost(remote.address, hostname)),
  );
  return new Set(found.map(({ inode }) => inode));
}

/** When a process was started, from the kernel's ticks since boot; exact to about 20 ms. */
export async function seenProcess(pid: number): Promise<ProcessSeen | undefined> {
  try {
    const [text, uptime] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile('/proc/uptime', 'utf8'),
    ]);
    // The command's name may hold spaces and brackets: fields are counted from its last bracket.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    const secondsAgo = Number(uptime.split(' ')[0]) - Number(fields[19]) / ticksPerSecond;
    return { pid, startedAt: new Date(Date.now() - secondsAgo * 1000).toISOString() };
  } catch {
    return undefined;
  }
}

const listening = '0A';
const established = '01';

interface Socket {
  state: string;
  local: { address: string; port: number };
  remote: { address: string; port: number };
  inode: string;
}

async function sockets(): Promise<Socket[]> {
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFile(path, 'utf8').catch(() => '')),
  );
  return tables.flatMap((table) =>
    table
      .split('\n')
      .slice(1)
      .flatMap((line) => {
        const [, local = '', remote = '', state = '', , , , , , inode = ''] = line.trim().split(/\s+/);
        return inode ? [{ state, local: end(local), remote: end(remote), inode }] : [];
      }),
  );
}

/** `0101007F:094B`: the address in the machine's byte order, 32 bits at a time. */
function end(text: string): { address: string; port: number } {
  const [hex = '', port = ''] = text.split(':');
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => (word.match(/../g) ?? []).reverse()).map((byte) => Number.parseInt(byte, 16));
  const isMapped = bytes.length === 16 && bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255;
  const v4 = bytes.length === 4 ? bytes : isMapped ? bytes.slice(12) : undefined;
  const address = v4 ? v4.join('.') : bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return { address, port: Number.parseInt(port, 16) };
}

function covers(local: string, host: string): boolean {
  return /^0(\.0\.0\.0|0{31})$/.test(local) || sameHost(local, host);
}

/** A host that is a name is any address: the port tells. */
function sameHost(address: string, host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '');
  if (isIP(bare) === 4) return address === bare;
  return true;
}

async function pids(): Promise<number[]> {
  return (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
}

async function socketInodes(pid: number): Promise<string[]> {
  const names = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const links = await Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')));
  return links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
}
