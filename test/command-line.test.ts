import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { startLab, until } from '@etcd-rotate/lab';
import type { IdentitiesFile } from '@etcd-rotate/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lastLine } from './reading.ts';

let lab: Awaited<ReturnType<typeof startLab>>;
beforeAll(async () => {
  lab = await startLab({ members: 3, etcd: '3.5', keys: 'ecdsa', oneCa: false, load: false });
});
afterAll(() => lab[Symbol.asyncDispose]());

test('without a terminal and without --yes it asks nobody and ends with 2', async () => {
  const run = await lab.rotate(['--cluster', 'demo']);
  expect(run.code).toBe(2);
  expect(run.stderr).toContain('--yes');
});

test('a wrong option ends with 2 and names it', async () => {
  const run = await lab.rotate(['--strategy', 'quick']);
  expect(run.code).toBe(2);
  expect(run.stderr).toContain('staged');
});

test('an unknown cluster is refused and the known ones are named', async () => {
  const run = await lab.rotate(['--cluster', 'prod', '--dry-run']);
  expect(run.code).toBe(3);
  expect(run.stderr).toContain('it has: demo');
});

test('an unknown CA is refused', async () => {
  const run = await lab.rotate(['--cluster', 'demo', '--dry-run', '--ca', 'client=nobody']);
  expect(run.code).toBe(3);
  expect(run.stderr).toContain('unknown-ca');
});

test('the cluster need not be named where the fleet has one', async () => {
  const run = await lab.rotate(['--dry-run', '--json']);
  expect(JSON.parse(run.stdout)).toMatchObject({ ok: true, plan: { cluster: 'demo' } });
});

test('status says who answers and that nothing was rotated yet', async () => {
  const run = await lab.rotate(['status']);
  expect(run.code).toBe(0);
  expect(run.stdout).toContain('m3 answers');
  expect(run.stdout).toContain('no rotation yet');
});

test.each(['hold', 'resume', 'approve', 'rollback', 'abandon', 'watch'])(
  '%s refuses a rotation that is not there, named or not',
  async (verb) => {
    // Whoever cannot be asked must name what he abandons.
    const unnamed = verb === 'abandon' ? [] : [[[verb], 'no rotation that is not finished'] as const];
    for (const [args, said] of [[[verb, 'demo-1'], 'no rotation demo-1'] as const, ...unnamed]) {
      const run = await lab.rotate([...args]);
      expect([run.code, run.stderr]).toEqual([3, expect.stringContaining(said)]);
      expect(run.stderr).toContain('unknown-rotation');
    }
  },
);

test('without a terminal abandon wants the rotation named, with --yes as well', async () => {
  for (const args of [['abandon'], ['abandon', '--yes'], ['abandon', '--yes', '--json']]) {
    const run = await lab.rotate(args);
    expect(run.code).toBe(2);
    expect(run.stderr + run.stdout).toContain('name it: rotate abandon ID --yes');
  }
});

test('a dry run says from where old leaves are refused, and that it holds there where it was asked to', async () => {
  const [without, asked] = await Promise.all([
    lab.rotate(['--dry-run']),
    lab.rotate(['--dry-run', '--confirm-retire']),
  ]);
  expect(without.stdout).toMatch(/from retire-\w+ on .* are refused; with --confirm-retire it holds/);
  expect(asked.stdout).toMatch(/from retire-\w+ on .* are refused; it holds before that step/);
});

test('an identity that others can read is refused', async () => {
  chmodSync(lab.layout.operator, 0o644);
  const run = await lab.rotate(['status']);
  chmodSync(lab.layout.operator, 0o600);
  expect(run.code).toBe(1);
  expect(run.stderr).toContain('chmod 600');
});

test('every file with a wrong field is refused with file, field and what was expected', () => {
  const { coordinator } = lab.layout;
  const wrong = join(lab.folder, 'wrong.yaml');
  const cases: [string, string, RegExp][] = [
    [
      'coordinator',
      readFileSync(coordinator.file, 'utf8').replace('version: 1', 'version: 2'),
      /wrong\.yaml: version: .*1/,
    ],
    ['coordinator', 'version: 1\n  fleet: [', /wrong\.yaml: .*line \d/],
    ['agent', 'version: 1\nnode: M1\n', /wrong\.yaml: node: a name: lower-case/],
    ['agent', 'version: 1\nnode: m1\nmembers:\n  - { name: m1 }\n', /members\[0\]\.cluster/],
    ['agent', 'version: 1\nnode: m1\nsurprise: 1\n', /surprise/],
  ];
  for (const [app, text, expected] of cases) {
    writeFileSync(wrong, text);
    const said = failing(app, ['--config', wrong]);
    expect(said).toMatch(expected);
    expect(said).toContain('(bad-file)');
  }
});

test('a second coordinator on the same state folder is refused', () => {
  const said = failing('coordinator', ['--config', lab.layout.coordinator.file]);
  expect(said).toContain('state-locked');
});

test('leave is refused while the agent of the node runs, and its links stay', () => {
  const [member] = lab.layout.members;
  const before = lab.slotFiles();
  const said = failing('agent', ['--config', member?.agentFile ?? '', 'leave']);
  expect(said).toContain('state-locked');
  expect(lab.slotFiles()).toEqual(before);
});

test('the built programs run on Node 22', () => {
  const node22 = resolve(import.meta.dirname, `node_modules/node22-${process.arch}/bin/node`);
  for (const [app, file] of programs) {
    const said = execFileSync(node22, [resolve('apps', app, 'dist', file), '--version'], {
      encoding: 'utf8',
    });
    expect(said).toMatch(/^\d+\.\d+\.\d+\n$/);
  }
  const [, , [, rotate = ''] = []] = programs;
  const args = [
    resolve('apps/rotate/dist', rotate),
    '--identity',
    lab.layout.operator,
    '--dry-run',
    '--cluster',
    'demo',
  ];
  expect(execFileSync(node22, args, { encoding: 'utf8' })).toContain('9 restarts of etcd');
});

test.each([
  [['resume', 'demo-1', '--dry-run'], '--dry-run'],
  [['abandon', 'demo-1', '--cluster', 'demo'], '--cluster'],
  [['hold', 'demo-1', '--yes'], '--yes'],
  [['rollback', 'demo-1', '--strategy', 'renew'], '--strategy'],
  [['watch', '--dry-run'], '--dry-run'],
  [['resume', '--confirm-retire'], '--confirm-retire'],
  [['journal', '--yes'], '--yes'],
  [['status', '--domain', 'peer'], '--domain'],
  [['status', '--ca', 'client=x'], '--ca'],
])('an option that a command does not heed is refused: %j', async (args, option) => {
  const run = await lab.rotate(args);
  expect(run.code).toBe(2);
  expect(run.stderr).toContain(`${option} is not an option of this command`);
});

test('the help of a command shows the options that it has', async () => {
  const { stdout } = await lab.rotate(['journal', '--help']);
  expect(stdout).toContain('--json');
  expect(stdout).toContain('--identity');
  expect(stdout).not.toContain('--dry-run');
});

test('the help of a verb says in which status it is allowed', async () => {
  const { stdout } = await lab.rotate(['rollback', '--help']);
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain('(of a rotation that is held)');
  expect(stdout).toContain('--keep-new-ca');
  expect(stdout).toContain('--dry-run');
});

test('the help of abandon says that there is no roll back afterwards, and that it asks', async () => {
  const { stdout } = await lab.rotate(['abandon', '--help']);
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain('there is no roll back of it afterwards');
  expect(stdout).toContain('--yes');
});

test.each([
  [['--cluster', 'Demo', '--dry-run'], 'a name: lower-case'],
  [['status', '--cluster', '../demo'], 'a name: lower-case'],
  [['resume', 'FOO!'], 'the id of a rotation'],
  [['journal', 'NOPE!'], 'the id of a rotation'],
])('what cannot be a name is a wrong command line: %j', async (args, said) => {
  const run = await lab.rotate(args);
  expect(run.code).toBe(2);
  expect(run.stderr).toContain(said);
});

test('the journal of a rotation that is not there is refused', async () => {
  const run = await lab.rotate(['journal', 'no-such-rotation', '--json']);
  expect(run.code).toBe(3);
  expect(JSON.parse(run.stdout)).toMatchObject({ ok: false, failures: [{ code: 'unknown-rotation' }] });
});

test('a reader that goes away ends it without a stack trace', () => {
  const command = [...lab.control.rotateCommand, '--dry-run'].map((word) => `'${word}'`).join(' ');
  // The reader has gone before the first line is written.
  const run = spawnSync('bash', ['-c', `${command} | true; echo "\${PIPESTATUS[0]}"`], { encoding: 'utf8' });
  expect(run.stderr).toBe('');
  expect(run.stdout).toBe('130\n');
});

test('a wrong option of the daemons ends with 2', () => {
  for (const [app, file] of programs) {
    const run = spawnSync(process.execPath, [resolve('apps', app, 'dist', file), '--surprise']);
    expect([app, run.status]).toEqual([app, 2]);
  }
});

describe('init', () => {
  const init = (folder: string, ...args: string[]) => {
    const command = [
      resolve('apps/coordinator/dist/etcd-rotate-coordinator.mjs'),
      'init',
      join(lab.folder, folder),
      '--fleet',
      lab.layout.coordinator.fleetFile,
      ...args,
    ];
    return spawnSync(process.execPath, command, { encoding: 'utf8' });
  };

  test.each([
    [['--listen', '127.0.0.1:4222', '--operator', '../../escaped'], 'a name: lower-case'],
    [
      ['--listen', '127.0.0.1:4222', '--read-only-operator', '../../escaped'],
      '--read-only-operator ../../escaped',
    ],
    [
      ['--listen', '127.0.0.1:4222', '--operator', 'eve', '--read-only-operator', 'eve'],
      'eve is named with --operator and with --read-only-operator',
    ],
    [['--listen', 'nowhere'], 'host:port'],
    [['--listen', '10.0.0.5:70000'], 'host:port'],
    [['--listen', 'fd00::5:4222'], 'in brackets'],
    [['--listen', '0.0.0.0:4222', '[::]:4222'], 'not where nodes and operators reach it'],
  ])('refuses %j and writes nothing', (args, said) => {
    const run = init('refused', ...args);
    expect(run.status).toBe(2);
    expect(run.stderr).toContain(said);
    expect(existsSync(join(lab.folder, 'refused'))).toBe(false);
  });

  test('issues the server certificate anew for another host, by the CA and with the key that are there', () => {
    expect(init('grows', '--listen', '10.0.0.5:4222').status).toBe(0);
    const at = (name: string): string => readFileSync(join(lab.folder, 'grows/nats', name), 'utf8');
    const before = { ca: at('ca.pem'), key: at('server-key.pem'), certificate: at('server.pem') };
    expect(init('grows', '--listen', '10.0.0.5:4222').stdout).toContain('nothing was missing');
    expect(at('server.pem')).toBe(before.certificate);

    const run = init('grows', '--listen', '0.0.0.0:4222', 'etcd-control:4222');
    expect(run.status).toBe(0);
    expect(run.stdout).toContain('issued anew by the same CA, for etcd-control');
    expect({ ca: at('ca.pem'), key: at('server-key.pem') }).toEqual({ ca: before.ca, key: before.key });
    const certificate = new X509Certificate(at('server.pem'));
    expect(certificate.verify(new X509Certificate(before.ca).publicKey)).toBe(true);
    for (const address of ['10.0.0.5', '127.0.0.1', '::1']) expect(certificate.checkIP(address)).toBeTruthy();
    for (const host of ['etcd-control', 'localhost']) expect(certificate.checkHost(host)).toBe(host);
  });

  test('makes operators who may look alone, and never another kind of one that is there', () => {
    const listen = ['--listen', '10.0.0.5:4222'];
    expect(init('kinds', ...listen, '--operator', 'ann', '--read-only-operator', 'eve').status).toBe(0);
    const operators = () =>
      (JSON.parse(readFileSync(join(lab.folder, 'kinds/identities.json'), 'utf8')) as IdentitiesFile).known
        .filter(({ kind }) => kind === 'operator')
        .map(({ name, readOnly }) => [name, readOnly]);
    expect(operators()).toEqual([
      ['ann', undefined],
      ['eve', true],
    ]);
    for (const [option, name, is] of [
      ['--operator', 'eve', 'may look alone'],
      ['--read-only-operator', 'ann', 'may steer'],
    ]) {
      const run = init('kinds', ...listen, ...[option, name].filter((word) => word !== undefined));
      expect([run.status, run.stderr]).toEqual([
        1,
        expect.stringContaining(`${name} has an identity already, as an operator who ${is}`),
      ]);
      expect(run.stderr).toContain('choose another name');
    }
    expect(operators()).toHaveLength(2);
    expect(init('kinds', ...listen, '--operator', 'ann', '--read-only-operator', 'eve').stdout).toContain(
      'nothing was missing',
    );
  });

  test('gives identities only the addresses that can be dialled', () => {
    expect(init('dialled', '--listen', '0.0.0.0:4222', '10.0.0.5:4222').status).toBe(0);
    const identity = readFileSync(join(lab.folder, 'dialled/operators/admin.identity.json'), 'utf8');
    expect(JSON.parse(identity).nats.servers).toEqual(['tls://10.0.0.5:4222']);
  });
});

describe('an operator', () => {
  let id = '';
  let followed: ReturnType<typeof lab.rotate>;
  beforeAll(async () => {
    followed = lab.rotate(['--yes']);
    await until('the rotation is running', async () =>
      (await lab.rotate(['status'])).stdout.includes('rotate hold demo-'),
    );
  });

  test('holds the only rotation there is without naming it, and is told where it stands', async () => {
    const run = await lab.rotate(['hold']);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    id = /rotation (\S+) of demo, the only one that is not finished/.exec(run.stdout)?.[1] ?? '';
    expect(run.stdout).toContain('(held-by-operator)');
    expect(run.stdout).toContain('every node has a complete set of files');
    for (const verb of ['resume', 'rollback', 'abandon'])
      expect(run.stdout).toContain(`rotate ${verb} ${id}`);
    expect(run.stdout).toContain('the way back would be:');
    expect((await followed).code).toBe(4);
  });

  test('is refused what is not allowed in that status, and told what is', async () => {
    const run = await lab.rotate(['hold', id]);
    expect(run.code).toBe(3);
    expect(run.stderr).toContain(`rotation ${id} is held`);
    expect(run.stderr).toContain('possible now: resume, rollback, abandon');
  });

  test('sees in the status what can be done, as commands', async () => {
    const [said, told] = await Promise.all([lab.rotate(['status']), lab.rotate(['status', '--json'])]);
    expect([said.code, told.code]).toEqual([4, 4]);
    expect(said.stdout).toContain(`rotate resume ${id}`);
    const { coordinators, rotations } = JSON.parse(told.stdout);
    expect(coordinators).toMatchObject([{ leads: true }]);
    expect(rotations).toMatchObject([
      {
        status: 'held',
        direction: 'forward',
        failure: { code: 'held-by-operator' },
        possible: ['resume', 'rollback', 'abandon'].map((verb) => `rotate ${verb} ${id}`),
      },
    ]);
  });

  test('watches in a terminal, closes the view with q, and the cursor is there again', async () => {
    const { code, shown } = await inTerminal(['watch', id], { seen: 'possible now:', keys: 'q' });
    expect(code).toBe(4);
    expect(shown.lastIndexOf('\u001b[?25h')).toBeGreaterThan(shown.lastIndexOf('\u001b[?25l'));
  });

  test('is asked before a way back, and without a terminal that is a wrong command line', async () => {
    const run = await lab.rotate(['rollback', id]);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('--yes');
  });

  test('is asked before it is given up, is told what that means, and may say no', async () => {
    const run = await lab.rotate(['abandon', id]);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('--yes');
    const { code, shown } = await inTerminal(['abandon', id], { seen: 'Type yes: ', keys: 'no\n' });
    expect(code).toBe(3);
    expect(shown).toContain('there is no roll back of it afterwards');
    expect(shown).toContain('nothing was changed');
    expect((await lab.rotate(['status', '--json'])).stdout).toContain('"status":"held"');
  });

  test('sees what both ways back cost before anything is done', async () => {
    const run = await lab.rotate(['rollback', id, '--dry-run', '--json']);
    const { plan, other } = JSON.parse(run.stdout);
    expect(plan).toMatchObject({ direction: 'back', keepsNewCa: false });
    // In prepare and trust there may be no leaf to put back.
    expect(other).toMatchObject(other.plan ? { plan: { keepsNewCa: true } } : { ok: false });
  });

  test('is refused a way back that is not the one that was agreed to', async () => {
    const run = await lab.rotate(['rollback', id, '--yes', '--digest', '0123456789abcdef']);
    expect(run.code).toBe(3);
    expect(run.stderr).toContain('plan-changed');
  });

  test('goes back, and is told what was put back and what is still trusted', async () => {
    const run = await lab.rotate(['rollback', '--yes']);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(/^rolled-back: /m);
    expect(run.stdout).toMatch(/nobody trusts .* any more|had come to no bundle/);
  });

  test('watches what is finished as well, here as lines and in a terminal as a block', async () => {
    const piped = await lab.rotate(['watch', id]);
    expect(piped.code).toBe(0);
    expect(piped.stdout).toMatch(/goes back, as admin asked/);
    expect(piped.stdout).toMatch(/^rolled-back: /m);
    const { code, shown } = await inTerminal(['watch', id]);
    expect(code).toBe(0);
    expect(shown).toContain('rolled-back');
  });

  test('can do nothing more with what is finished', async () => {
    const run = await lab.rotate(['rollback', id, '--yes']);
    expect(run.code).toBe(3);
    expect(run.stderr).toContain(`${id} is finished`);
  });

  /** As somebody at a terminal, which `script` gives: presses keys once something is seen. */
  async function inTerminal(args: string[], { seen, keys = '' }: { seen?: string; keys?: string } = {}) {
    const command = [...lab.control.rotateCommand, ...args].map((word) => `'${word}'`).join(' ');
    const terminal = spawn('script', [
      ...['--quiet', '--return', '--command'],
      `stty rows 60 cols 120; exec ${command}`,
      '/dev/null',
    ]);
    const ended = once(terminal, 'exit');
    let shown = '';
    terminal.stdout.on('data', (data) => (shown += data));
    if (seen !== undefined) {
      await until(`${seen} is seen`, () => shown.includes(seen));
      terminal.stdin.write(keys);
    }
    const [code] = await ended;
    return { code, shown };
  }
});

test('a start that was written down by a coordinator that is killed then is followed once another is there', async () => {
  const journal = join(lab.folder, 'coordinator/state/journal/journal.jsonl');
  const begun = (): number => readFileSync(journal, 'utf8').split('"type":"started"').length;
  const before = begun();
  let isOver = false;
  const following = lab.rotate(['--yes', '--json']).finally(() => {
    isOver = true;
  });
  // Between what is written and what is answered there is less than a poll with pauses would see.
  while (!isOver && begun() === before) await new Promise((resolve) => setImmediate(resolve));
  await lab.control.coordinator.kill('SIGKILL');
  await lab.control.coordinator.start();
  const run = await following;
  expect([run.code, lastLine(run).outcome]).toEqual([0, 'rotated']);
  expect(begun()).toBe(before + 1);
});

test('nobody answers: NATS away is said with its address', async () => {
  await lab.control.coordinator.stop();
  const run = await lab.rotate(['status']);
  expect(run.code).toBe(1);
  expect(run.stderr).toContain('nats-away');
  expect(run.stderr).toContain(lab.layout.coordinator.listen);
});

describe('without a coordinator that runs', () => {
  const start = (change: (text: string) => string, environment: NodeJS.ProcessEnv = {}) => {
    const file = join(dirname(lab.layout.coordinator.file), 'changed.yaml');
    writeFileSync(file, change(readFileSync(lab.layout.coordinator.file, 'utf8')));
    const command = [resolve('apps/coordinator/dist/etcd-rotate-coordinator.mjs'), '--config', file];
    return { command, environment: { ...process.env, ...environment } };
  };
  const refusalOf = (...[change, environment]: Parameters<typeof start>): string => {
    const { command, environment: env } = start(change, environment);
    return spawnSync(process.execPath, command, { encoding: 'utf8', env, timeout: 20_000 }).stderr;
  };

  test.each(['coordinator.json', 'nats/server-key.pem'])('%s that others can read is refused', (name) => {
    const path = join(lab.layout.coordinator.identity, name);
    chmodSync(path, 0o640);
    const said = refusalOf((text) => text);
    chmodSync(path, 0o600);
    expect(said).toContain(`${path} can be read by others`);
  });

  test('a certificate that is not for the address to dial is refused, with what to do', () => {
    const said = refusalOf((text) => text.replace(/listen: .*:/, 'listen: 10.9.8.7:'));
    expect(said).toContain('not a certificate for 10.9.8.7');
    expect(said).toContain('(nats-refused)');
    expect(said).toContain('init');
  });

  test.each(['0.0.0.0', '"[::]'])('listening on %s it reaches its server on loopback', async (host) => {
    const port = await aFreePort();
    const end = host.startsWith('"') ? '"' : '';
    const credentials = join(lab.folder, 'credentials');
    mkdirSync(credentials, { recursive: true });
    // As systemd shows a credential: with an ACL, which looks like a file that the group can read.
    writeFileSync(join(credentials, 'ca-passphrase'), readFileSync(lab.layout.coordinator.passphrase));
    chmodSync(join(credentials, 'ca-passphrase'), 0o440);
    const { command, environment } = start(
      (text) =>
        text
          .replace(/listen: .*/, `listen: ${host}:${port}${end}`)
          .replace(/file: passphrase/, 'credential: ca-passphrase'),
      { CREDENTIALS_DIRECTORY: credentials },
    );
    const coordinator = spawn(process.execPath, command, { env: environment });
    let said = '';
    for (const stream of [coordinator.stdout, coordinator.stderr])
      stream.on('data', (data) => (said += data));
    const ended = once(coordinator, 'exit');
    await expect.poll(() => said, { timeout: 60_000 }).toContain('the coordinator is ready');
    coordinator.kill('SIGTERM');
    await ended;
  });
});

async function aFreePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

const programs = [
  ['coordinator', 'etcd-rotate-coordinator.mjs'],
  ['agent', 'etcd-rotate-agent.mjs'],
  ['rotate', 'rotate.mjs'],
] as const;

function failing(app: string, args: string[]): string {
  const file = programs.find(([name]) => name === app)?.[1] ?? '';
  try {
    execFileSync(process.execPath, [resolve('apps', app, 'dist', file), ...args], {
      stdio: 'pipe',
      timeout: 20_000,
    });
  } catch (error) {
    return (error as { stderr: Buffer }).stderr.toString();
  }
  throw new Error(`${app} ${args.join(' ')} did not fail`);
}
