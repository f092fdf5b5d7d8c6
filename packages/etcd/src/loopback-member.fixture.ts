import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { aLeaf, type TestCa, type TestLeaf } from './certificates.fixture.ts';
import { loopback } from './own-addresses.fixture.ts';

const [clientPort, peerPort] = [7379, 7380];

export interface LoopbackMember {
  name: string;
  address: string;
  clientUrl: string;
  peerUrl: string;
  server: TestLeaf;
  peer: TestLeaf;
  process: ChildProcess | undefined;
  /** Replaces a file in one rename; etcd sees it at its next handshake or start. */
  write(file: 'server' | 'peer' | 'client-ca' | 'peer-ca', contents: string | TestLeaf): Promise<void>;
  /** With further flags, if any, for this process alone. */
  start(flags?: string[]): Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<void>;
  log(): Promise<string>;
}

interface Place {
  n: number;
  folder: string;
  program: string;
  flags: string[];
}

/** An etcd with its files, not started yet. */
export function aMember(name: string, { n, folder, program, flags }: Place) {
  return async (cas: { clientCa: TestCa; peerCa: TestCa }): Promise<LoopbackMember> => {
    const address = `${loopback}.${n}`;
    const at = (file: string) => join(folder, `${name}-${file}`);
    // Members dial each other from 127.0.0.1: that is the kernel's choice for loopback.
    const names = { commonName: name, ip: [address, '127.0.0.1'] };
    const member: LoopbackMember = {
      name,
      address,
      clientUrl: `https://${address}:${clientPort}`,
      peerUrl: `https://${address}:${peerPort}`,
      server: await aLeaf(cas.clientCa, names),
      peer: await aLeaf(cas.peerCa, names),
      process: undefined,
      write: async (file, contents) => {
        const put = async (path: string, text: string) => {
          await writeFile(`${path}.new`, text, { mode: 0o600 });
          await rename(`${path}.new`, path);
        };
        if (typeof contents === 'string') return put(at(`${file}.crt`), contents);
        await put(at(`${file}.key`), contents.key.reveal());
        await put(at(`${file}.crt`), contents.cert);
      },
      start: async (more = []) => {
        const log = await open(at('log'), 'a');
        member.process = spawn(program, [...flagsOf(member, at), ...flags, ...more], {
          stdio: ['ignore', log.fd, log.fd],
        });
        await log.close();
      },
      stop: async (signal = 'SIGTERM') => {
        const running = member.process;
        member.process = undefined;
        if (!running || running.exitCode !== null || running.signalCode !== null) return;
        const gone = once(running, 'exit');
        running.kill('SIGCONT');
        running.kill(signal);
        await gone;
      },
      log: () => readFile(at('log'), 'utf8'),
    };
    // Also where the tests do not come to their end.
    process.once('exit', () => member.process?.kill('SIGKILL'));
    await member.write('server', member.server);
    await member.write('peer', member.peer);
    await member.write('client-ca', cas.clientCa.certificate.pem);
    await member.write('peer-ca', cas.peerCa.certificate.pem);
    return member;
  };
}

function flagsOf({ name, clientUrl, peerUrl }: LoopbackMember, at: (file: string) => string): string[] {
  const everyone = [1, 2, 3].map((n) => `m${n}=https://${loopback}.${n}:${peerPort}`).join(',');
  const set = (values: Record<string, string>) =>
    Object.entries(values).map(([flag, value]) => `--${flag}=${value}`);
  return [
    ...set({ name, 'data-dir': at('data'), logger: 'zap', 'initial-cluster': everyone }),
    ...set({ 'listen-client-urls': clientUrl, 'advertise-client-urls': clientUrl }),
    ...set({ 'listen-peer-urls': peerUrl, 'initial-advertise-peer-urls': peerUrl }),
    ...set({
      'cert-file': at('server.crt'),
      'key-file': at('server.key'),
      'trusted-ca-file': at('client-ca.crt'),
    }),
    ...set({ 'peer-cert-file': at('peer.crt'), 'peer-key-file': at('peer.key') }),
    ...set({ 'peer-trusted-ca-file': at('peer-ca.crt') }),
    '--client-cert-auth',
    '--peer-client-cert-auth',
  ];
}
