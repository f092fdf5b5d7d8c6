import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestLeaf } from './certificates.fixture.ts';
import { loopback } from './own-addresses.fixture.ts';
import type { TestServer } from './tls-server.fixture.ts';

/** A port that judges client certificates as OpenSSL does, and says so by alert: a server of Node closes without one. */
export async function anOpensslServer(
  leaf: TestLeaf,
  { ca, flags = [] }: { ca: string; flags?: string[] },
): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'etcd-rotate-openssl-'));
  const at = (file: string) => join(folder, file);
  await writeFile(at('leaf.crt'), leaf.cert);
  await writeFile(at('leaf.key'), leaf.key.reveal(), { mode: 0o600 });
  await writeFile(at('ca.crt'), ca);
  const files = ['-cert', at('leaf.crt'), '-key', at('leaf.key'), '-CAfile', at('ca.crt')];
  const judges = ['-Verify', '1', '-verify_return_error', ...flags];
  const server = spawn('openssl', ['s_server', '-www', '-accept', `${loopback}.1:0`, ...files, ...judges], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  process.once('exit', () => server.kill('SIGKILL'));
  let url = '';
  for await (const line of createInterface({ input: server.stdout })) {
    const address = /^ACCEPT (\S+)/.exec(line)?.[1];
    if (address !== undefined) url = `https://${address}`;
    if (url) break;
  }
  server.stdout.resume();
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      const gone = once(server, 'exit');
      server.kill();
      await gone;
      await rm(folder, { recursive: true });
    },
  };
}
