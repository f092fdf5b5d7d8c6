import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs openssl over files with the given contents, `{name}` in the arguments standing for their paths. */
export function openssl(args: string[], files: Record<string, string>): { ok: boolean; output: string } {
  const folder = mkdtempSync(join(tmpdir(), 'pki-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const paths = args.map((arg) => arg.replace(/^\{(.*)\}$/, (_, name: string) => join(folder, name)));
    return { ok: true, output: execFileSync('openssl', paths, { encoding: 'utf8', stdio: 'pipe' }) };
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    return { ok: false, output: `${stdout}${stderr}` };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
