import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import type { TestCa } from './certificates.fixture.ts';
import type { TestFolder } from './folder.fixture.ts';

/** A list of revoked serials (hex, in capitals) as openssl makes it: `crl.pem` and `crl.der` in the folder. */
export async function writeCrl(
  { at }: Pick<TestFolder, 'at'>,
  { ca, serials }: { ca: TestCa; serials: string[] },
): Promise<void> {
  await mkdir(at('crl'));
  const entries = serials.map((serial) => `R\t301231000000Z\t260101000000Z\t${serial}\tunknown\t/CN=x\n`);
  await writeFile(at('crl/index'), entries.join(''));
  const lines = ['[ca]', 'default_ca=a', '[a]', `database=${at('crl/index')}`, 'default_md=sha256'];
  await writeFile(at('crl/conf'), [...lines, 'default_crl_days=30', ''].join('\n'));
  await writeFile(at('crl/ca.crt'), ca.pem);
  await writeFile(at('crl/ca.key'), ca.key.reveal(), { mode: 0o600 });
  const by = ['-config', at('crl/conf'), '-cert', at('crl/ca.crt'), '-keyfile', at('crl/ca.key')];
  execFileSync('openssl', ['ca', '-gencrl', ...by, '-out', at('crl.pem')], { stdio: 'pipe' });
  const der = ['crl', '-in', at('crl.pem'), '-outform', 'DER', '-out', at('crl.der')];
  execFileSync('openssl', der, { stdio: 'pipe' });
}
