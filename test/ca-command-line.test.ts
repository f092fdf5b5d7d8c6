// What `rotate ca` and `etcd-rotate-coordinator export-ca` say and refuse, and with which exit codes.

import { spawn, spawnSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startLab, until } from '@etcd-rotate/lab';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lastLine } from './reading.ts';

let lab: Awaited<ReturnType<typeof startLab>>;
let pair: { cert: string; key: string };
beforeAll(async () => {
  lab = await startLab({ members: 1, etcd: '3.5', keys: 'ecdsa', oneCa: true, load: false });
  pair = { cert: join(lab.layout.ca, 'ca.pem'), key: join(lab.layout.ca, 'ca-key.pem') };
  // Of a CA that no node has, so that its key may go.
  const files = ['-keyout', at('spare-key.pem'), '-out', at('spare.pem')];
  const how = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '9'];
  openssl('req', '-x509', ...how, '-subj', '/CN=spare CA', ...files);
  expect((await adopt('spare', at('spare.pem'), at('spare-key.pem'))).code).toBe(0);
});
afterAll(() => lab[Symbol.asyncDispose]());

const at = (file: string) => join(lab.folder, file);
const adopt = (name: string, cert = pair.cert, key = pair.key) =>
  lab.rotate(['ca', 'adopt', '--name', name, '--cert', cert, '--key', key]);

test('list has a line for each CA, below what its columns are', async () => {
  const { stdout } = await lab.rotate(['ca', 'list']);
  expect(stdout).toMatch(/^name +key +fingerprint +valid until +subject +use\n/);
  expect(stdout).toMatch(
    /\nspare +held +[0-9a-f]{16} +\d{4}-\d\d-\d\d \(8 days\) +CN=spare CA +no rotation has ended with it yet\n$/,
  );
});

describe('adopt refuses', () => {
  test.each([
    ['a key that is not that of the certificate', () => ({ key: at('spare-key.pem') }), 'key-mismatch'],
    ['a certificate that is none', () => ({ cert: pair.key }), 'bad-certificate'],
    ['a key that is none', () => ({ key: pair.cert }), 'bad-key'],
  ] as const)('%s, and names the file', async (_, change, code) => {
    const files = { ...pair, ...change() };
    const run = await adopt('new', files.cert, files.key);
    expect([run.code, run.stdout]).toEqual([3, '']);
    expect(run.stderr).toContain(`(${code})`);
    for (const file of Object.values(change())) expect(run.stderr).toContain(file);
    expect(run.stderr).not.toContain('PRIVATE');
  });

  test('an encrypted key, and says how to decrypt it', async () => {
    openssl('pkcs8', '-topk8', '-passout', 'pass:x', '-in', pair.key, '-out', at('locked.pem'));
    const run = await adopt('new', pair.cert, at('locked.pem'));
    expect([run.code, run.stderr]).toEqual([
      3,
      expect.stringMatching(/locked\.pem: .*encrypted.*\n.*openssl pkey/),
    ]);
  });

  test('a file that is not there, and one that is no key by its size', async () => {
    expect(await adopt('new', at('nowhere'))).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/nowhere cannot/),
    });
    writeFileSync(at('large.pem'), 'x'.repeat(40_000));
    const large = await adopt('new', pair.cert, at('large.pem'));
    expect(large).toMatchObject({ code: 3, stderr: expect.stringContaining('too large for a private key') });
  });

  test('a CA that is held, whatever it shall be called', async () => {
    const run = await adopt('again', at('spare.pem'), at('spare-key.pem'));
    expect([run.code, run.stderr]).toEqual([3, expect.stringContaining('is held already, as spare')]);
  });

  test.each([
    [['--name', 'No name'], 'a name: lower-case'],
    [['--name', 'x'], '--cert'],
  ])('a wrong command line %j', async (args, said) => {
    const run = await lab.rotate(['ca', 'adopt', ...args, '--key', pair.key]);
    expect([run.code, run.stderr]).toEqual([2, expect.stringContaining(said)]);
  });
});

test.each([
  [['ca', 'list', '--cluster', 'demo'], '--cluster'],
  [['ca', 'list', '--yes'], '--yes'],
  [['ca', 'destroy', 'spare', '--yes', '--dry-run'], '--dry-run'],
  [['ca', 'export', 'spare', '--strategy', 'renew'], '--strategy'],
])('an option that it does not heed is refused, and nothing is done: %j', async (args, option) => {
  const run = await lab.rotate(args);
  expect([run.code, run.stderr]).toEqual([2, expect.stringContaining(`${option} is not an option`)]);
  expect((await lab.rotate(['ca', 'list'])).stdout).toMatch(/spare +held/);
});

test('export gives the certificate, and never overwrites a file', async () => {
  const certificate = readFileSync(at('spare.pem'), 'utf8');
  expect(await lab.rotate(['ca', 'export', 'spare'])).toMatchObject({ code: 0, stdout: certificate });
  expect((await lab.rotate(['ca', 'export', 'spare', '--out', at('out.pem')])).code).toBe(0);
  expect(readFileSync(at('out.pem'), 'utf8')).toBe(certificate);
  writeFileSync(at('out.pem'), 'mine');
  const again = await lab.rotate(['ca', 'export', 'spare', '--out', at('out.pem'), '--json']);
  expect([again.code, lastLine(again)]).toMatchObject([1, { failures: [{ code: 'bad-file' }] }]);
  expect(readFileSync(at('out.pem'), 'utf8')).toBe('mine');
});

test.each(['export', 'destroy'])(
  '%s of a CA that is not there is refused, with those there are',
  async (verb) => {
    const run = await lab.rotate(['ca', verb, 'nobody']);
    expect([run.code, run.stderr]).toEqual([
      3,
      expect.stringContaining('no CA named "nobody" (it has: spare)'),
    ]);
  },
);

describe('destroy', () => {
  test('without a terminal wants --yes', async () => {
    for (const more of [[], ['--json']]) {
      const run = await lab.rotate(['ca', 'destroy', 'spare', ...more]);
      expect([run.code, run.stdout + run.stderr]).toEqual([
        2,
        expect.stringContaining('rotate ca destroy spare --yes'),
      ]);
    }
  });

  test('asks a person for the name, and does nothing for another word', async () => {
    const { code, shown } = await atTerminal(['ca', 'destroy', 'spare'], 'yes\r');
    expect([code, shown]).toEqual([3, expect.stringContaining('nothing was changed')]);
    expect(shown).toContain('CN=spare CA');
    expect((await lab.rotate(['ca', 'list'])).stdout).toMatch(/spare +held/);
  });
});

describe('with the coordinator stopped', () => {
  beforeAll(async () => {
    expect(
      coordinator('export-ca', '--name', 'spare', '--out', at('key.pem'), '--unencrypted'),
    ).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/state-locked.*\n.*stop it/),
    });
    await lab.control.coordinator.stop();
  });

  test('its key is exported, encrypted or as it is, into a new file of mode 0600', () => {
    writeFileSync(at('phrase'), 'a long one\n', { mode: 0o600 });
    const plain = coordinator('export-ca', '--name', 'spare', '--out', at('plain.pem'), '--unencrypted');
    expect(plain).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining('NOT encrypted') });
    const locked = coordinator(...exporting('locked-key.pem'), '--passphrase-file', at('phrase'));
    expect(locked).toMatchObject({
      status: 0,
      stderr: '',
      stdout: expect.stringContaining('exported: the key of spare'),
    });
    const opened = createPrivateKey({ key: readFileSync(at('locked-key.pem')), passphrase: 'a long one' });
    expect(opened.equals(createPrivateKey(readFileSync(at('plain.pem'))))).toBe(true);
    for (const file of ['plain.pem', 'locked-key.pem']) expect(statSync(at(file)).mode & 0o777).toBe(0o600);
  });

  test.each([
    ['with neither of the two said', () => [], 2, 'bad-usage'],
    ['with both', () => ['--unencrypted', '--passphrase-file', at('phrase')], 2, 'bad-usage'],
    ['over a file that is there', () => ['--unencrypted', '--out', pair.cert], 1, 'exists'],
  ] as const)('nothing is exported %s', (_, args, status, code) => {
    const run = coordinator(...exporting('never.pem'), ...args());
    expect(run).toMatchObject({ status, stdout: '', stderr: expect.stringContaining(`(${code})`) });
  });

  test('a passphrase file that others can read is refused', () => {
    writeFileSync(at('open'), 'a long one\n', { mode: 0o644 });
    const run = coordinator(...exporting('never.pem'), '--passphrase-file', at('open'));
    expect(run).toMatchObject({ status: 1, stderr: expect.stringContaining('chmod 600') });
  });

  test.each([
    ['the daemon', () => []],
    ['adopt-ca', () => ['adopt-ca', '--name', 'x', '--cert', pair.cert, '--key', pair.key]],
    ['export-ca', () => [...exporting('never.pem'), '--unencrypted']],
  ] as const)('a wrong passphrase is said in one sentence by %s', (_, args) => {
    const { passphrase } = lab.layout.coordinator;
    const right = readFileSync(passphrase, 'utf8');
    writeFileSync(passphrase, 'another one\n');
    const run = coordinator(...args());
    writeFileSync(passphrase, right);
    const said = `etcd-rotate-coordinator: the passphrase does not open the CA keys in ${lab.layout.coordinator.state}/cas (wrong-passphrase)\n`;
    expect(run).toMatchObject({ status: 1, stderr: expect.stringContaining(said) });
    expect(run.stderr.trimEnd().split('\n')).toHaveLength(2);
  });

  test('it starts again, and a person who types the name destroys the key', async () => {
    await lab.control.coordinator.start();
    await lab.control.ready();
    const { code, shown } = await atTerminal(['ca', 'destroy', 'spare'], 'spare\r');
    expect([code, shown]).toEqual([0, expect.stringContaining('the key of spare is destroyed')]);
    expect((await lab.rotate(['ca', 'list'])).stdout).toMatch(/spare +destroyed .* nothing\n/);
    const { stdout } = await lab.rotate(['journal']);
    const said = [...stdout.matchAll(/ca-key +(spare \w+(?: by \w+)?)/g)].map(([, one]) => one);
    expect(said).toEqual([
      'spare adopted by admin',
      'spare exported',
      'spare exported',
      'spare destroyed by admin',
    ]);
  });
});

function exporting(out: string): string[] {
  return ['export-ca', '--name', 'spare', '--out', at(out)];
}

function coordinator(...args: string[]) {
  const program = resolve('apps/coordinator/dist/etcd-rotate-coordinator.mjs');
  const config = ['--config', lab.layout.coordinator.file];
  const environment = { PATH: process.env.PATH, LOG_LEVEL: 'silent' };
  return spawnSync(process.execPath, [program, ...args, ...config], { encoding: 'utf8', env: environment });
}

function openssl(...args: string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

/** As somebody at a terminal, which `script` gives: answers once he is asked. */
async function atTerminal(args: string[], keys: string): Promise<{ code: number; shown: string }> {
  const command = [...lab.control.rotateCommand, ...args].map((word) => `'${word}'`).join(' ');
  const terminal = spawn('script', [
    ...['--quiet', '--return', '--command'],
    `stty rows 60 cols 160; exec ${command}`,
    '/dev/null',
  ]);
  const ended = once(terminal, 'exit');
  let shown = '';
  terminal.stdout.on('data', (data) => (shown += data));
  await until('it asks', () => shown.includes('Type its name'));
  terminal.stdin.write(keys);
  const [code] = await ended;
  return { code, shown };
}
