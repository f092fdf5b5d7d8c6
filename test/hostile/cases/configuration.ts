import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Case, Scene } from '../case.ts';
import { makeScratch, type Scratch } from '../scratch.ts';

/** Files that programs of ours read at their start. Each program is the real one, and stops by name or goes on. */
export const configuration: Scene = ({ lab }) => {
  const scratch = makeScratch(lab);
  const programs = {
    coordinator: remembered(() => readsAll(scratch)),
    agent: remembered(() => leaves(scratch)),
    operator: remembered(() => scratch.rotate('status')),
  };
  const here = { scratch, programs };
  return [...yaml(here), ...places(here), ...modes(here)];
};

/** A program that reads a file; started once as it should be, which is the control of many. */
interface Reader {
  run(): Promise<string>;
  honest(): Promise<string>;
}

interface Here {
  scratch: Scratch;
  programs: Record<'coordinator' | 'agent' | 'operator', Reader>;
}

/** Reads coordinator.yaml, fleet.yaml, passphrase and identity folder. */
const readsAll = (scratch: Scratch): Promise<string> => scratch.coordinator('check');

/** Reads agent.yaml. */
const leaves = (scratch: Scratch): Promise<string> => scratch.agent('leave');

/** With one file as somebody left it. */
function spoilt(
  path: string,
  { put, run, honest }: Reader & { put: (path: string, text: string) => void },
): Pick<Case, 'attack' | 'control'> {
  return {
    attack: async (): Promise<string> => {
      // The files of the next case are these again.
      const kept = `${path}.kept`;
      cpSync(path, kept, { preserveTimestamps: true, recursive: true });
      const text = readFileSync(path, 'utf8');
      try {
        put(path, text);
        return await run();
      } finally {
        rmSync(path, { force: true, recursive: true });
        cpSync(kept, path, { preserveTimestamps: true, recursive: true });
        rmSync(kept, { force: true, recursive: true });
      }
    },
    control: honest,
  };
}

function yaml({ scratch, programs }: Here): Case[] {
  const fleet = (put: (text: string) => string) =>
    spoilt(scratch.fleetFile, {
      put: (path, text) => writeFileSync(path, put(text)),
      ...programs.coordinator,
    });
  const agent = (text: string) =>
    spoilt(scratch.agentFile, {
      put: (path, before) => writeFileSync(path, text.replace('…', before)),
      ...programs.agent,
    });
  const one = { class: 'configuration', by: 'who writes fleet.yaml', expected: 'bad-file' };
  const named = (name: string) =>
    fleet((text) => text.replace(/name: demo/, `name: ${JSON.stringify(name)}`));
  return [
    {
      ...one,
      name: 'aliases that unfold to a billion',
      ...fleet((text) => `${text}\nx: &a [1]\n${bomb(12)}`),
    },
    { ...one, name: 'an alias of itself', ...fleet((text) => `${text}\nx: &x [*x]\n`) },
    { ...one, name: 'a field twice', ...fleet((text) => `version: 1\n${text}`) },
    {
      ...one,
      name: 'a tag that makes an object',
      ...fleet((text) => text.replace('version: 1', 'version: !!js/eval "1"')),
    },
    {
      ...one,
      name: 'a tag that makes bytes',
      ...fleet((text) => text.replace(/fleet: lab/, 'fleet: !!binary bGFi')),
    },
    {
      ...one,
      name: 'ten thousand lists in lists',
      ...fleet((text) => `${text}\nx: ${'['.repeat(10_000)}${']'.repeat(10_000)}\n`),
    },
    { ...one, name: 'a merge key', ...fleet((text) => `${text}\n<<: {version: 2}\n`) },
    { ...one, name: 'a field __proto__', ...fleet((text) => `${text}\n__proto__: {version: 1}\n`) },
    { ...one, name: 'two documents', ...fleet((text) => `${text}\n---\n${text}`) },
    { ...one, name: 'a NUL', ...fleet((text) => text.replace('demo', 'de\0mo')) },
    { ...one, name: 'nothing in it', ...fleet(() => '') },
    {
      ...one,
      name: 'six megabytes of comments',
      ...fleet((text) => `${text}\n${'# more\n'.repeat(1_000_000)}`),
    },
    { ...one, name: 'a cluster called ../../etc', ...named('../../etc') },
    { ...one, name: 'a cluster called a.b', ...named('a.b') },
    { ...one, name: 'a cluster called *', ...named('*') },
    { ...one, name: 'a cluster called >', ...named('>') },
    { ...one, name: 'a cluster with a line end in its name', ...named('demo\n') },
    { ...one, name: 'a cluster with a letter that looks like another', ...named('dem\u043e') },
    {
      ...one,
      name: 'an agent that is called ../m1',
      by: 'who writes agent.yaml',
      ...agent(JSON.stringify({ version: 1, node: '../m1', state: join(scratch.folder, 'agent') })),
    },
    {
      ...one,
      name: 'an agent with its state at a place that depends on where it is started',
      by: 'who writes agent.yaml',
      ...agent(JSON.stringify({ version: 1, node: 'm9', state: '../agent' })),
    },
    {
      ...one,
      name: 'an agent with a shell line for a restart command',
      by: 'who writes agent.yaml',
      ...agent(
        JSON.stringify({ version: 1, node: 'm9', clients: [{ restart: { command: 'reboot; rm -rf /' } }] }),
      ),
    },
  ];
}

function places({ scratch, programs }: Here): Case[] {
  const put: Record<string, (path: string, text: string) => void> = {
    'a pipe that nobody writes into': (path) => execFileSync('mkfifo', ['-m', '600', path]),
    'a link to a device without an end': (path) => symlinkSync('/dev/zero', path),
    'a link to itself': (path) => symlinkSync(path, path),
    'a link to a folder': (path) => symlinkSync('/etc', path),
    'a link to nothing': (path) => symlinkSync('/nowhere', path),
  };
  const files: [what: string, path: string, reader: Reader][] = [
    ['fleet.yaml', scratch.fleetFile, programs.coordinator],
    ['the passphrase', scratch.passphrase, programs.coordinator],
    ['agent.yaml', scratch.agentFile, programs.agent],
    ['an identity file', scratch.operator, programs.operator],
    ['coordinator.json', join(scratch.identity, 'coordinator.json'), programs.coordinator],
  ];
  const kinds = Object.entries(put);
  return files.flatMap(([what, path, reader], i) =>
    // Each kind for some of the files: all of them are read by the same two functions.
    kinds
      .filter((_, k) => (i + k) % 2 === 0)
      .map(([name, place]) => ({
        class: 'configuration',
        name: `for ${what}, ${name}`,
        by: 'who may write beside it',
        expected: 'bad-file',
        ...spoilt(path, {
          put: (at, text) => {
            rmSync(at);
            place(at, text);
          },
          ...reader,
        }),
      })),
  );
}

function modes({ scratch, programs }: Here): Case[] {
  const secret = (what: string, path: string, reader: Reader): Case[] =>
    [0o644, 0o640, 0o602].map((mode) => ({
      class: 'key files',
      name: `${what} with mode ${mode.toString(8)}`,
      by: 'another user of the machine',
      expected: 'bad-file',
      ...spoilt(path, { put: (at) => chmodSync(at, mode), ...reader }),
    }));
  return [
    ...secret('the passphrase', scratch.passphrase, programs.coordinator),
    ...secret('coordinator.json', join(scratch.identity, 'coordinator.json'), programs.coordinator),
    ...secret('an identity file', scratch.operator, programs.operator),
    {
      class: 'key files',
      name: 'an identity file, linked to from where it is looked for, with mode 644',
      by: 'another user of the machine',
      expected: 'bad-file',
      ...spoilt(scratch.operator, {
        put: (path, text) => {
          rmSync(path);
          writeFileSync(`${path}.open`, text, { mode: 0o644 });
          symlinkSync(`${path}.open`, path);
        },
        ...programs.operator,
      }),
    },
    {
      class: 'key files',
      name: 'a passphrase that is empty',
      by: 'who writes the passphrase',
      expected: 'bad-file',
      ...spoilt(scratch.passphrase, { put: (path) => writeFileSync(path, '\n'), ...programs.coordinator }),
    },
    {
      class: 'key files',
      name: 'an identity file without its last line',
      by: 'who writes the identity file',
      expected: 'bad-file',
      ...spoilt(scratch.operator, {
        put: (path, text) => writeFileSync(path, text.slice(0, -20)),
        ...programs.operator,
      }),
    },
  ];
}

function remembered(run: () => Promise<string>): Reader {
  let came: Promise<string> | undefined;
  return {
    run,
    honest: () => {
      came ??= run();
      return came;
    },
  };
}

/** Each line has ten of the one before. */
function bomb(lines: number): string {
  const names = 'abcdefghijklmnopqrstuvwxyz';
  const line = (i: number): string =>
    `${names[i + 1]}: &${names[i + 1]} [${Array.from({ length: 10 }, () => `*${names[i]}`).join(', ')}]`;
  return Array.from({ length: lines }, (_, i) => line(i)).join('\n');
}
