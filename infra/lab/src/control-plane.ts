// The programs under test, as built: init, the coordinator, an agent a node, and the command line.

import { copyFileSync, cpSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { AgentText, FleetText } from './configuration.ts';
import type { Layout, NatsLayout, PairFiles } from './layout.ts';
import { reviseYaml } from './revise-yaml.ts';
import { type Ran, type RunOptions, runHere, runProgram } from './run-program.ts';
import { makeService, type Service } from './services.ts';
import { Hopeless, until } from './until.ts';

export interface ControlPlane {
  /** The first one, and the only one where nothing else is said. */
  readonly coordinator: Service;
  readonly coordinators: Service[];
  /** The nats-server that two coordinators share. */
  readonly nats: Service;
  agent(node: string): Service;
  readonly agents: Service[];
  /** Makes the identities; once per lab. */
  init(): Promise<void>;
  /** A command of the coordinator's program, on its own machine. */
  coordinate(args: string[]): Promise<Ran>;
  /** Any program, with as little environment as the others have. */
  run(command: string[]): Promise<Ran>;
  /** Gives a CA to the coordinator, which must not run. */
  adoptCa(name: string, files: PairFiles): Promise<Ran>;
  /** Changes the fleet file and starts the coordinator again, which reads it then. */
  reviseFleet(change: (fleet: FleetText) => void): Promise<void>;
  /** Changes the agent file of a node and starts its agent again. */
  reviseAgent(node: string, change: (file: AgentText) => void): Promise<void>;
  /** Starts coordinator and agents, and waits until the coordinator has heard from every node. */
  start(): Promise<void>;
  /** Waits until the coordinator answers and has heard from every node. */
  ready(): Promise<void>;
  rotate(args: string[], options?: Omit<RunOptions, 'environment'>): Promise<Ran>;
  /** On our own terminal. */
  rotateHere(args: string[], options?: Pick<RunOptions, 'signal'>): Promise<number>;
  /** The command line that `rotate` begins with. */
  readonly rotateCommand: string[];
}

const apps = resolve(import.meta.dirname, '../../../apps');

export function makeControlPlane(layout: Layout, natsServer: string): ControlPlane {
  const node = (app: string, file: string): string[] => [process.execPath, join(apps, app, 'dist', file)];
  const coordinatorCommand = node('coordinator', 'etcd-rotate-coordinator.mjs');
  const agentCommand = node('agent', 'etcd-rotate-agent.mjs');
  const rotateCommand = [...node('rotate', 'rotate.mjs'), '--identity', layout.operator];
  for (const [, file = ''] of [coordinatorCommand, agentCommand, rotateCommand]) {
    if (!existsSync(file)) throw new Error(`${file} is not there: run "npm run build"`);
  }

  const { coordinator: files } = layout;
  const nats = layout.nats && makeService(layout.services, 'nats', [natsServer, '-c', layout.nats.config]);
  const [coordinator, ...others] = layout.coordinators.map(({ folder, file }) =>
    makeService(layout.services, basename(folder), [...coordinatorCommand, '--config', file]),
  );
  if (!coordinator) throw new Error('a lab without a coordinator');
  const coordinators = [coordinator, ...others];
  const agents = layout.members.map(({ name, agentFile }) =>
    makeService(layout.services, `agent-${name}`, [...agentCommand, '--config', agentFile]),
  );
  const environment = { PATH: process.env.PATH, TERM: process.env.TERM };

  async function ran(args: string[]): Promise<string> {
    const { code, stdout, stderr } = await runProgram([...coordinatorCommand, ...args], { environment });
    if (code !== 0) throw new Error(`etcd-rotate-coordinator ${args[0]}: exit ${code}: ${stderr || stdout}`);
    return stdout;
  }

  async function startNats({ config, listen, monitoring, store }: NatsLayout): Promise<void> {
    const where = ['--listen', listen, '--monitoring', monitoring, '--store', store];
    writeFileSync(config, await ran(['nats-config', '--config', files.file, ...where]));
    await nats?.start();
  }

  const control: ControlPlane = {
    coordinator,
    coordinators,
    get nats() {
      if (!nats) throw new Error('this lab has one coordinator, which has a nats-server of its own');
      return nats;
    },
    agents,
    rotateCommand,
    agent(name) {
      const agent = agents[layout.members.findIndex((member) => member.name === name)];
      if (!agent) throw new Error(`no node ${name}`);
      return agent;
    },
    async init() {
      rmSync(files.identity, { recursive: true, force: true });
      const args = ['init', files.identity, '--fleet', files.fleetFile, '--listen', files.listen];
      await ran(args);
      for (const { name, identity } of layout.members) {
        copyFileSync(join(files.identity, 'nodes', `${name}.identity.json`), identity);
      }
      for (const { identity } of layout.coordinators.slice(1))
        cpSync(files.identity, identity, { recursive: true });
      if (layout.nats) await startNats(layout.nats);
    },
    coordinate: (args) => runProgram([...coordinatorCommand, ...args], { environment }),
    run: (command) => runProgram(command, { environment }),
    adoptCa(name, { cert, key }) {
      const args = ['adopt-ca', '--config', files.file, '--name', name, '--cert', cert, '--key', key];
      return runProgram([...coordinatorCommand, ...args], { environment });
    },
    async reviseFleet(change) {
      for (const { fleetFile } of layout.coordinators) reviseYaml(fleetFile, change);
      if (nats) await ran(['share', '--config', files.file]);
      for (const one of coordinators) await one.restart();
      await control.ready();
    },
    async reviseAgent(name, change) {
      const member = layout.members.find((one) => one.name === name);
      if (!member) throw new Error(`no node ${name}`);
      reviseYaml(member.agentFile, change);
      await control.agent(name).restart();
      await control.ready();
    },
    async start() {
      await Promise.all([...coordinators, ...agents].map((service) => service.start()));
      await control.ready();
    },
    ready: () =>
      until('the coordinator has heard from every node', () => everybodyAnswers(control), {
        within: 90_000,
        every: 20,
      }),
    rotate: (args, options) => runProgram([...rotateCommand, ...args], { ...options, environment }),
    rotateHere: (args, options) => runHere([...rotateCommand, ...args], { ...options, environment }),
  };
  return control;
}

async function everybodyAnswers({ coordinators, agents, rotate }: ControlPlane): Promise<boolean> {
  for (const service of [...coordinators, ...agents]) {
    if (service.pid() === undefined)
      throw new Hopeless(`${service.name} ended: ${service.log().slice(-1000)}`);
  }
  const { code, stdout, stderr } = await rotate(['status', '--json']);
  const said = `rotate status: exit ${code}: ${stderr.trim() || stdout.trim()}`;
  if (code === 2) throw new Hopeless(said);
  // 4 says that a rotation is held, which is an answer as well.
  if (code !== 0 && code !== 4) throw new Error(said);
  const nodes = nodesIn(JSON.parse(stdout));
  const away = nodes.filter(({ answers }) => !answers);
  if (away.length > 0) throw new Error(`no answer from ${away.map(({ node }) => node).join(', ')}`);
  return nodes.length > 0;
}

/** The nodes in what `rotate status --json` prints. */
export function nodesIn(status: unknown): { node: string; answers: boolean }[] {
  if (typeof status !== 'object' || status === null) return [];
  if ('nodes' in status && Array.isArray(status.nodes)) return status.nodes;
  return 'value' in status ? nodesIn(status.value) : [];
}
