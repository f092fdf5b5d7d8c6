// Who may import whom, and which packages are pure. The arrows are those of ARCHITECTURE.md, as a table; the messages
// say where the thing belongs instead. Tests may use vitest, fast-check, Node and testing besides, and need not be pure.

import { globSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import { parseSync, Visitor } from 'rolldown/utils';

interface Layer {
  /** Packages of ours, and of others. */
  may: string[];
  /** Node's modules; all of them when not given. */
  node?: string[];
  /** No clock, no chance, no process; without `async` as well when 'synchronous'. */
  pure?: 'synchronous' | 'but for keys';
}

const layers: Record<string, Layer> = {
  'packages/protocol': { may: ['zod'], node: [], pure: 'synchronous' },
  'packages/core': { may: ['protocol'], node: [], pure: 'synchronous' },
  'packages/pki': {
    may: ['protocol', 'node-forge'],
    node: ['node:crypto', 'node:net'],
    pure: 'but for keys',
  },
  'packages/signer': { may: ['protocol', 'pki', 'zod'] },
  'packages/runner': { may: ['protocol', 'core'] },
  'packages/bus': { may: ['protocol', 'nats'] },
  'packages/journal': { may: ['protocol'] },
  'packages/etcd': { may: ['protocol', 'pki', 'etcd3', 'cockatiel'] },
  'packages/host': { may: ['protocol', 'pki', 'etcd', 'yaml'] },
  'packages/daemon': { may: ['protocol', 'yaml', 'systemd-notify'] },
  'packages/testing': {
    may: ['protocol', 'core', 'pki', 'signer', 'runner', 'bus', 'journal', 'etcd', 'host', 'fast-check'],
  },
  'apps/coordinator': {
    may: ['protocol', 'core', 'runner', 'journal', 'bus', 'signer', 'pki', 'daemon', ...programs()],
  },
  'apps/agent': { may: ['protocol', 'bus', 'journal', 'etcd', 'host', 'daemon', ...programs()] },
  'apps/rotate': {
    may: ['protocol', 'bus', 'core', 'daemon', ...programs('picocolors', 'log-update', 'wrap-ansi')],
  },
  'infra/lab': { may: ['protocol', 'yaml'] },
  'infra/nodes': { may: ['lab', 'testcontainers', 'yaml'] },
};

/** Said of an import that its layer may not make. */
const belongs: Record<string, string> = {
  nats: 'only packages/bus speaks NATS; what you need of it belongs there, behind a function of ours',
  etcd3: 'only packages/etcd speaks to an etcd; what you need to know of one belongs there',
  'node-forge': 'only packages/pki reads and makes certificates; what you need to know of one belongs there',
  zod: 'schemas belong in packages/protocol, which exports the parsed types',
  testing:
    'builders and fakes are for tests: move this into a *.test.ts, or what you need of it into a package',
  signer: 'CA keys never leave the coordinator: ask it for a signature over the bus',
  host: "a node's files and services are its agent's: send a command instead",
  runner: 'only the coordinator drives rotations: send it a request instead',
};

const inTests = ['testing', 'vitest', 'fast-check'];

const impure: Record<string, string> = {
  'Date.now': 'take the time as an argument; only an app or a runner looks at the clock',
  'new Date': 'new Date() reads the clock: take the time as an argument',
  'Math.random': 'take what is random as an argument, or it cannot be replayed',
  process: 'an app reads the process and its environment, and passes on what is needed',
  performance: 'take the time as an argument; only an app or a runner looks at the clock',
  setTimeout: 'waiting belongs in packages/runner',
  setInterval: 'waiting belongs in packages/runner',
  fetch:
    'this package does no I/O: do it in an adapter (bus, etcd, host, journal) and pass in what came of it',
  async: 'nothing here waits: do it in packages/runner or an adapter, and pass in what came of it',
};

export interface Finding {
  file: string;
  line: number;
  message: string;
}

/** @param file relative to the root of the repository */
export function check(file: string, source: string): Finding[] {
  const folder = Object.keys(layers).find((name) => file.startsWith(`${name}/`));
  const layer = folder === undefined ? undefined : layers[folder];
  const isTest = /\.(test|contract)\.ts$/.test(file);
  const findings: Finding[] = [];
  const report = (at: number, message: string) => {
    findings.push({ file, line: source.slice(0, at).split('\n').length, message });
  };

  const imported = (node: { source: { start: number } | null }) => {
    const name = (node.source as { value?: unknown } | null)?.value;
    if (typeof name !== 'string' || node.source === null) return;
    const objection = objectTo(name);
    if (objection) report(node.source.start, `"${name}": ${objection}`);
  };

  function objectTo(name: string): string | undefined {
    const [scope, ours, ...inside] = name.split('/');
    if (scope === '@etcd-rotate' && inside.length > 0)
      return 'import what the package exports, not its files';
    if (folder === undefined || layer === undefined) return undefined;
    if (name.startsWith('.')) {
      const stays = posix.join(posix.dirname(file), name).startsWith(`${folder}/`);
      return stays ? undefined : 'import another package by its name (@etcd-rotate/...), not by its path';
    }
    if (name.startsWith('node:') || builtinModules.includes(name)) {
      if (isTest || layer.node === undefined || layer.node.includes(name)) return undefined;
      return `${folder} does no I/O: do it in an adapter (bus, etcd, host, journal) and pass in what came of it`;
    }
    const known = scope === '@etcd-rotate' ? (ours ?? '') : name;
    if (layer.may.includes(known) || (isTest && inTests.includes(known))) return undefined;
    if (folder === 'packages/core' || folder === 'packages/protocol')
      return `${folder} knows only ${layer.may.join(', ')}: take what you need as a value or a function, passed in by an app`;
    return belongs[known] ?? `${folder} may import ${layer.may.join(', ')} (infra/lint-layers.ts)`;
  }

  const impurity = (at: number, what: string) => {
    if (layer?.pure === undefined || isTest) return;
    if (what === 'async' && layer.pure !== 'synchronous') return;
    if (Object.hasOwn(impure, what)) report(at, `${what}: ${impure[what]}`);
  };
  const awaited = (node: { start: number; async?: boolean }) => node.async && impurity(node.start, 'async');

  const { program, errors } = parseSync(file, source);
  for (const { message } of errors) report(0, message);
  new Visitor({
    ImportDeclaration: imported,
    ExportAllDeclaration: imported,
    ExportNamedDeclaration: imported,
    ImportExpression: imported,
    TSImportType: imported,
    FunctionDeclaration: awaited,
    FunctionExpression: awaited,
    ArrowFunctionExpression: awaited,
    AwaitExpression: (node) => impurity(node.start, 'async'),
    MemberExpression({ object, property, start }) {
      if (object.type !== 'Identifier' || property.type !== 'Identifier') return;
      impurity(start, object.name);
      impurity(start, `${object.name}.${property.name}`);
    },
    CallExpression: ({ callee, start }) => callee.type === 'Identifier' && impurity(start, callee.name),
    NewExpression({ callee, arguments: given, start }) {
      if (callee.type === 'Identifier' && given.length === 0) impurity(start, `new ${callee.name}`);
    },
  }).visit(program);
  return findings;
}

function programs(...own: string[]): string[] {
  return ['commander', 'pino', ...own];
}

if (import.meta.main) {
  const files = globSync(['packages/*/src/**/*.ts', 'apps/*/src/**/*.ts', 'infra/**/*.ts', 'test/**/*.ts'], {
    exclude: ['**/node_modules', '**/dist'],
  });
  const findings = files.flatMap((file) => check(file, readFileSync(file, 'utf8')));
  for (const { file, line, message } of findings) console.error(`${file}:${line} ${message}`);
  if (findings.length > 0) process.exitCode = 1;
}
