// A container that is a machine: systemd is its first process, and what is started in it is a unit.

import { type Ran, runProgram, until } from '@etcd-rotate/lab';
import { GenericContainer, getContainerRuntimeClient, type StartedTestContainer, Wait } from 'testcontainers';
import { labels } from './labels.ts';

export interface Machine {
  readonly name: string;
  /** In the network of its fleet; it may be another one after `boot`. */
  address(): Promise<string>;
  /** Runs a program in it to its end; what it answers with is never an exception. */
  run(command: string[], options?: { environment?: Record<string, string> }): Promise<Ran>;
  /** Likewise, and says every line of its output as it comes. */
  follow(command: string[], onLine: (line: string) => void): Promise<Ran>;
  /** A shell script that must succeed. */
  sh(script: string): Promise<string>;
  read(path: string): Promise<string>;
  /** Owner root; a mode where it is not 0644. */
  write(path: string, content: string, mode?: number): Promise<void>;
  unit(name: string): Unit;

  /** Nothing in it runs until `resume`. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** As if the power had gone: no process gets a signal it could see. It is down until `boot`. */
  kill(): Promise<void>;
  boot(): Promise<void>;
  /** An orderly shutdown and a start, with a new boot id: what is enabled starts. */
  reboot(): Promise<void>;
  /** Ends and removes it. */
  remove(): Promise<void>;
  /** Drops every packet to and from other machines. */
  cutOffFrom(others: readonly Machine[]): Promise<void>;
  /** All of them may be reached again. */
  reconnect(): Promise<void>;
}

export interface Unit {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  restart(): Promise<void>;
  enable(): Promise<void>;
  kill(signal: string): Promise<void>;
  /** Properties as `systemctl show` has them. */
  show<P extends string>(...properties: P[]): Promise<Record<P, string>>;
  journal(): Promise<string>;
}

export interface MachineOptions {
  name: string;
  image: string;
  network: string;
  /** Folders of ours that it sees, read-only. */
  mounts?: Record<string, string>;
  /** Folders in memory, with a size: `{ '/etc/etcd': '4m' }`. */
  memory?: Record<string, string>;
}

export async function startMachine(options: MachineOptions): Promise<Machine> {
  const { name, image, network, mounts = {}, memory = {} } = options;
  const container = await new OnOneNetwork(image, { name, network })
    .withLabels(labels())
    // What root has on a machine: systemd mounts, tests cut off, and an agent looks at other users' processes.
    .withAddedCapabilities('SYS_ADMIN', 'NET_ADMIN', 'SYS_PTRACE')
    .withSecurityOpt('seccomp=unconfined')
    .withTmpFs({
      '/run': 'rw',
      '/run/lock': 'rw',
      ...Object.fromEntries(Object.entries(memory).map(([path, size]) => [path, `rw,size=${size},mode=755`])),
    })
    .withBindMounts(
      Object.entries(mounts).map(([target, source]) => ({ source, target, mode: 'ro' as const })),
    )
    .withWaitStrategy(Wait.forSuccessfulCommand(`sh -c '${isUp}'`))
    .start();
  return machineOf(name, container, network);
}

/** In a network under its name and in no other: what testcontainers gives a name is on the engine's own bridge as well. */
class OnOneNetwork extends GenericContainer {
  constructor(image: string, { name, network }: { name: string; network: string }) {
    super(image);
    this.createOpts.NetworkingConfig = { EndpointsConfig: { [network]: { Aliases: [name] } } };
    this.withHostname(name).withNetworkMode(network);
  }
}

// `degraded` is up too: which unit failed is for a test to say.
const isUp = 'systemctl is-system-running --wait | grep -qE "running|degraded"';

async function machineOf(name: string, container: StartedTestContainer, network: string): Promise<Machine> {
  const client = await getContainerRuntimeClient();
  const below = client.container.getById(container.getId());
  let cut: string[] = [];

  async function run(
    command: string[],
    { environment = {} }: { environment?: Record<string, string> } = {},
  ): Promise<Ran> {
    const { exitCode, stdout, stderr } = await container.exec(command, { env: environment });
    return { code: exitCode, stdout, stderr };
  }

  // The library collects what a command says and gives it at its end.
  function follow(command: string[], onLine: (line: string) => void): Promise<Ran> {
    let rest = '';
    return runProgram(['docker', 'exec', container.getId(), ...command], {
      onStdout: (text) => {
        const lines = `${rest}${text}`.split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) onLine(line);
      },
    });
  }

  async function must(command: string[]): Promise<string> {
    const { code, stdout, stderr } = await run(command);
    if (code !== 0) throw new Error(`${name}: ${command.join(' ')}: exit ${code}: ${stderr || stdout}`);
    return stdout;
  }

  async function up(): Promise<void> {
    await until(`${name} has booted`, async () => (await run(['sh', '-c', isUp])).code === 0, { every: 50 });
  }

  /** Rules of ours, both ways; one set replaces the other. */
  async function drop(addresses: string[]): Promise<void> {
    const rules = (verb: string, of: string[]): string[] =>
      of.flatMap((ip) => [
        `iptables -w ${verb} INPUT -s ${ip} -j DROP`,
        `iptables -w ${verb} OUTPUT -d ${ip} -j DROP`,
      ]);
    await machine.sh([...rules('-D', cut), ...rules('-I', addresses)].join('\n'));
    cut = addresses;
  }

  const machine: Machine = {
    name,
    async address() {
      const { NetworkSettings } = await below.inspect();
      const ip = NetworkSettings.Networks[network]?.IPAddress;
      if (!ip) throw new Error(`${name} has no address`);
      return ip;
    },
    run,
    follow,
    sh: (script) => must(['sh', '-ec', script]),
    read: (path) => must(['cat', path]),
    async write(path, content, mode = 0o644) {
      // Not by the engine's copying, which writes below what is in memory.
      const into = 'mkdir -p "$(dirname "$1")"; (umask 077; printf %s "$CONTENT" >"$1"); chmod "$2" "$1"';
      const { code, stderr } = await run(['sh', '-ec', into, 'sh', path, mode.toString(8)], {
        environment: { CONTENT: content },
      });
      if (code !== 0) throw new Error(`${name}: ${path} cannot be written: ${stderr}`);
    },
    unit: (unit) => unitOf(must, unit),
    pause: () => below.pause(),
    resume: () => below.unpause(),
    kill: () => below.kill(),
    async boot() {
      await below.start();
      cut = [];
      await up();
    },
    async reboot() {
      await below.restart({ t: 30 });
      cut = [];
      await up();
    },
    remove: async () => {
      await below.remove({ force: true, v: true });
    },
    cutOffFrom: async (others) => drop(await Promise.all(others.map((other) => other.address()))),
    reconnect: () => drop([]),
  };
  return machine;
}

function unitOf(must: (command: string[]) => Promise<string>, name: string): Unit {
  const systemctl = async (...args: string[]): Promise<void> => {
    try {
      await must(['systemctl', ...args, name]);
    } catch (error) {
      const said = await must(['journalctl', '--no-pager', '--output=cat', '--lines=15', `--unit=${name}`]);
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${said}`);
    }
  };
  return {
    name,
    start: () => systemctl('start'),
    stop: () => systemctl('stop'),
    restart: () => systemctl('restart'),
    enable: () => systemctl('enable'),
    kill: (signal) => systemctl('kill', '--kill-whom=main', `--signal=${signal}`),
    async show<P extends string>(...properties: P[]) {
      const text = await must(['systemctl', 'show', `--property=${properties.join(',')}`, name]);
      const pairs = text
        .trim()
        .split('\n')
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const);
      return Object.fromEntries(pairs) as Record<P, string>;
    },
    journal: () => must(['journalctl', '--no-pager', '--output=cat', `--unit=${name}`]),
  };
}
