import { execFileSync } from 'node:child_process';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestCa } from './certificates.fixture.ts';

export interface TestCrl extends AsyncDisposable {
  path: string;
  /** Another list in its place, in one rename; serials in capital hex. */
  write(serials: string[]): Promise<void>;
}

/** A CRL as openssl makes it, PEM; at first it revokes nothing. */
export async function aCrl(ca: TestCa): Promise<TestCrl> {
  const folder = await mkdtemp(join(tmpdir(), 'etcd-rotate-crl-'));
  const at = (file: string) => join(folder, file);
  const conf = ['[ca]', 'default_ca=a', '[a]', `database=${at('index')}`, 'default_md=sha256'];
  await writeFile(at('conf'), [...conf, 'default_crl_days=30', ''].join('\n'));
  await writeFile(at('ca.crt'), ca.certificate.pem);
  await writeFile(at('ca.key'), ca.key.reveal(), { mode: 0o600 });
  const crl: TestCrl = {
    path: at('crl.pem'),
    write: async (serials) => {
      const lines = serials.map((serial) => `R\t301231000000Z\t260101000000Z\t${serial}\tunknown\t/CN=x\n`);
      await writeFile(at('index'), lines.join(''));
      const by = ['-config', at('conf'), '-cert', at('ca.crt'), '-keyfile', at('ca.key')];
      execFileSync('openssl', ['ca', '-gencrl', ...by, '-out', at('crl.new')], { stdio: 'pipe' });
      await rename(at('crl.new'), at('crl.pem'));
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
  await crl.write([]);
  return crl;
}
