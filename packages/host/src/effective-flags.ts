import { readFile } from 'node:fs/promises';
import { parse as parseYaml } from 'yaml';
import { readSmall } from './read-small.ts';

/** Flags of etcd that decide about TLS and timing; others stay on the node. */
const thatMatter = [
  'name',
  'cert-file',
  'key-file',
  'client-cert-auth',
  'trusted-ca-file',
  'auto-tls',
  'client-cert-file',
  'client-key-file',
  'client-crl-file',
  'client-cert-allowed-hostname',
  'peer-cert-file',
  'peer-key-file',
  'peer-client-cert-auth',
  'peer-trusted-ca-file',
  'peer-auto-tls',
  'peer-client-cert-file',
  'peer-client-key-file',
  'peer-crl-file',
  'peer-cert-allowed-cn',
  'peer-cert-allowed-hostname',
  'listen-client-urls',
  'listen-peer-urls',
  'listen-client-http-urls',
  'listen-metrics-urls',
  'advertise-client-urls',
  'initial-advertise-peer-urls',
  'election-timeout',
  'heartbeat-interval',
  'enable-grpc-gateway',
  'experimental-peer-skip-client-san-verification',
  'peer-skip-client-san-verification',
  'tls-min-version',
  'tls-max-version',
  // That there is one: etcd has other defaults then, and other flags do not count.
  'config-file',
];

const booleans = new Set([
  'auto-tls',
  'peer-auto-tls',
  'client-cert-auth',
  'peer-client-cert-auth',
  'enable-grpc-gateway',
  'experimental-peer-skip-client-san-verification',
  'peer-skip-client-san-verification',
]);

/** A configuration file has some dozens of lines. */
const mostConfiguration = 64 * 1024;

/**
 * The flags that a running etcd was started with: from its command line and environment, or from its configuration file
 * alone where it has one, since that overrides both (facts: etcd, section 7).
 *
 * @throws where the process cannot be looked at
 */
export async function effectiveFlags(pid: number): Promise<Record<string, string>> {
  const [commandLine, environment] = await Promise.all([
    readFile(`/proc/${pid}/cmdline`, 'utf8'),
    readFile(`/proc/${pid}/environ`, 'utf8'),
  ]);
  const flags = {
    ...fromEnvironment(environment.split('\0')),
    ...fromArguments(commandLine.split('\0').slice(1)),
  };
  const configFile = flags['config-file'];
  if (!configFile) return only(flags);
  // As the process sees it, in its own mounts.
  const path = configFile.startsWith('/')
    ? `/proc/${pid}/root${configFile}`
    : `/proc/${pid}/cwd/${configFile}`;
  const text = (await readSmall(path, mostConfiguration)).bytes.toString();
  return only({ ...fromConfigText(text), 'config-file': configFile });
}

/** Go's flag package: `-x=v`, `--x=v`, `--x v`; a boolean takes its value with `=` alone. */
export function fromArguments(args: readonly string[]): Record<string, string> {
  const flags: Record<string, string> = {};
  for (let i = 0; i < args.length; i += 1) {
    const [, name, value] = /^--?([a-z][a-z0-9-]*)(?:=(.*))?$/s.exec(args[i] ?? '') ?? [];
    // Go reads no flags behind the first word that is none.
    if (name === undefined) break;
    const next = args[i + 1];
    if (value !== undefined) flags[name] = value;
    // Booleans that we do not know must not swallow the flag behind them, which may be one that matters.
    else if (booleans.has(name) || next === undefined || next.startsWith('-')) flags[name] = 'true';
    else {
      i += 1;
      flags[name] = next;
    }
  }
  return flags;
}

/** `ETCD_TRUSTED_CA_FILE=…` is `--trusted-ca-file`. */
export function fromEnvironment(variables: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    variables.flatMap((variable) => {
      const [, name, value] = /^ETCD_([A-Z0-9_]+)=(.*)$/s.exec(variable) ?? [];
      return name === undefined || value === undefined
        ? []
        : [[name.toLowerCase().replaceAll('_', '-'), value]];
    }),
  );
}

const sections: Record<string, Record<string, string>> = {
  'client-transport-security': {
    'allowed-hostname': 'client-cert-allowed-hostname',
    'client-cert-file': 'client-cert-file',
  },
  'peer-transport-security': {
    'client-cert-auth': 'peer-client-cert-auth',
    'allowed-cn': 'peer-cert-allowed-cn',
    'allowed-hostname': 'peer-cert-allowed-hostname',
    'skip-client-san-verification': 'peer-skip-client-san-verification',
  },
};

/**
 * The two TLS sections of a configuration file have the names of flags without `peer-`.
 *
 * @throws where it is no YAML as etcd reads it, or one that unfolds without end
 */
export function fromConfigText(text: string): Record<string, string> {
  // etcd reads YAML 1.1, where `yes` is true as well.
  const file: unknown = parseYaml(text, { version: '1.1', maxAliasCount: 20, logLevel: 'error' });
  const flags: Record<string, string> = {};
  for (const [key, value] of entries(file)) {
    const renamed = sections[key];
    if (!renamed) Object.assign(flags, flagOf(key, value));
    for (const [name, inner] of renamed ? entries(value) : []) {
      Object.assign(
        flags,
        flagOf(renamed?.[name] ?? (key.startsWith('peer-') ? `peer-${name}` : name), inner),
      );
    }
  }
  return flags;
}

function flagOf(flag: string, value: unknown): Record<string, string> {
  if (value === null || value === undefined) return {};
  if (Array.isArray(value)) return { [flag]: value.join(',') };
  return typeof value === 'object' ? {} : { [flag]: String(value) };
}

function entries(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}

function only(flags: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    thatMatter.flatMap((name) => {
      const value = flags[name];
      return value === undefined ? [] : [[name, booleans.has(name) ? inOneWay(value) : value]];
    }),
  );
}

/** Go takes several words for a yes and for a no (strconv.ParseBool); what is neither is left as it is. */
function inOneWay(value: string): string {
  if (/^(1|t|T|TRUE|true|True)$/.test(value)) return 'true';
  return /^(0|f|F|FALSE|false|False)$/.test(value) ? 'false' : value;
}
