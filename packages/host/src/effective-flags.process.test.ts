import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { effectiveFlags, fromArguments, fromConfigText, fromEnvironment } from './effective-flags.ts';
import { aFolder } from './folder.fixture.ts';

describe('the command line', () => {
  test.each([
    [['--cert-file=/a'], { 'cert-file': '/a' }],
    [['-cert-file=/a'], { 'cert-file': '/a' }],
    [['--cert-file', '/a', '--name', 'm1'], { 'cert-file': '/a', name: 'm1' }],
    [['--name='], { name: '' }],
    [['--initial-cluster=a=https://b'], { 'initial-cluster': 'a=https://b' }],
    [['--client-cert-auth', '--name', 'm1'], { 'client-cert-auth': 'true', name: 'm1' }],
    [['--client-cert-auth=false'], { 'client-cert-auth': 'false' }],
    [['--name=a', '--name=b'], { name: 'b' }],
  ])('%j', (args, flags) => {
    expect(fromArguments(args)).toEqual(flags);
  });

  test('a boolean that we do not know hides no flag behind it', () => {
    expect(fromArguments(['--pre-vote', '--peer-cert-allowed-cn=x'])).toMatchObject({
      'peer-cert-allowed-cn': 'x',
    });
  });

  test('nothing is a flag behind a word that is none, as Go reads it', () => {
    expect(fromArguments(['--name=a', 'x', '--name=b'])).toEqual({ name: 'a' });
  });
});

test('the environment says flags in capitals', () => {
  expect(fromEnvironment(['ETCD_TRUSTED_CA_FILE=/ca', 'PATH=/bin', 'ETCD_NAME=a=b', 'ETCD_'])).toEqual({
    'trusted-ca-file': '/ca',
    name: 'a=b',
  });
});

describe('a configuration file', () => {
  test('has two sections with the flags of TLS', () => {
    const text = `
name: m1
listen-client-urls: https://a:1,https://b:2
client-transport-security:
  cert-file: /c
  client-cert-auth: yes
  allowed-hostname: h
  client-cert-file: /dial
peer-transport-security:
  cert-file: /p
  trusted-ca-file: /pca
  client-cert-auth: true
  allowed-cn: cn
  allowed-hostname: [a, b]
  auto-tls: false
  key-file:
  skip-client-san-verification: true
enable-grpc-gateway: false
tls-min-version: TLS1.2
`;
    expect(fromConfigText(text)).toEqual({
      name: 'm1',
      'listen-client-urls': 'https://a:1,https://b:2',
      'cert-file': '/c',
      'client-cert-auth': 'true',
      'client-cert-allowed-hostname': 'h',
      'client-cert-file': '/dial',
      'peer-cert-file': '/p',
      'peer-trusted-ca-file': '/pca',
      'peer-client-cert-auth': 'true',
      'peer-cert-allowed-cn': 'cn',
      'peer-cert-allowed-hostname': 'a,b',
      'peer-auto-tls': 'false',
      'peer-skip-client-san-verification': 'true',
      'enable-grpc-gateway': 'false',
      'tls-min-version': 'TLS1.2',
    });
  });

  test.each(['', '[]', 'text', '- a', 'client-transport-security: text'])('%j says nothing', (text) => {
    expect(fromConfigText(text)['cert-file']).toBeUndefined();
  });

  test('that unfolds without end is refused before it is unfolded', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 20; i += 1)
      lines.push(
        `a${i}: &a${i} [${Array(9)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
      );
    expect(() => fromConfigText(lines.join('\n'))).toThrow(/alias/i);
    expect(() => fromConfigText('['.repeat(20_000))).toThrow();
  });
});

describe('a running process', () => {
  test('has flags from its command line and its environment, and only those that matter', async () => {
    await using etcd = await anEtcd(['--name=m1', '--data-dir=/d'], {
      ETCD_CERT_FILE: '/c',
      ETCD_NAME: 'other',
    });
    expect(await effectiveFlags(etcd.pid)).toEqual({ name: 'm1', 'cert-file': '/c' });
  });

  test('says yes and no in one way, whichever of the words of Go was used', async () => {
    const said = ['--client-cert-auth=1', '--peer-client-cert-auth=T', '--enable-grpc-gateway=FALSE'];
    const more = [
      '--experimental-peer-skip-client-san-verification',
      '--auto-tls=f',
      '--tls-min-version=TLS1.3',
    ];
    await using etcd = await anEtcd([...said, ...more]);
    expect(await effectiveFlags(etcd.pid)).toEqual({
      'client-cert-auth': 'true',
      'peer-client-cert-auth': 'true',
      'enable-grpc-gateway': 'false',
      'experimental-peer-skip-client-san-verification': 'true',
      'auto-tls': 'false',
      'tls-min-version': 'TLS1.3',
    });
  });

  test('has only those of its configuration file, where it has one', async () => {
    await using folder = await aFolder();
    await writeFile(folder.at('etcd.yml'), 'name: file\n');
    for (const path of [folder.at('etcd.yml'), 'etcd.yml']) {
      await using etcd = await anEtcd(
        [`--config-file=${path}`, '--name=m1'],
        { ETCD_CERT_FILE: '/c' },
        folder.path,
      );
      expect(await effectiveFlags(etcd.pid)).toEqual({ name: 'file', 'config-file': path });
    }
    await using etcd = await anEtcd([], { ETCD_CONFIG_FILE: folder.at('etcd.yml') });
    const flags = { name: 'file', 'config-file': folder.at('etcd.yml') };
    expect(await effectiveFlags(etcd.pid)).toEqual(flags);
  });

  test('cannot be looked at where its file cannot, or is no file of that kind', async () => {
    await using folder = await aFolder();
    await writeFile(folder.at('long'), '#'.repeat(70_000));
    for (const path of [folder.at('nothing'), folder.at('long'), '/dev/zero']) {
      await using etcd = await anEtcd([`--config-file=${path}`]);
      await expect(effectiveFlags(etcd.pid)).rejects.toThrow();
    }
  });
});

/** Something that was started as an etcd would be: an `echo` that nobody listens to, so that it does not end. */
async function anEtcd(args: string[], env: Record<string, string> = {}, cwd = '/') {
  const folder = await aFolder();
  execFileSync('mkfifo', [folder.at('pipe')]);
  const full = openSync(folder.at('pipe'), 'r+');
  const filling = openSync(folder.at('pipe'), constants.O_WRONLY | constants.O_NONBLOCK);
  writeSync(filling, Buffer.alloc(65_536));
  closeSync(filling);
  const child = spawn('/bin/echo', args, { stdio: ['ignore', full, 'ignore'], env, cwd });
  await once(child, 'spawn');
  return {
    pid: child.pid ?? 0,
    [Symbol.asyncDispose]: async () => {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      closeSync(full);
      await folder[Symbol.asyncDispose]();
    },
  };
}
