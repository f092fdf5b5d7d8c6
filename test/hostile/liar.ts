import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bus, type Incoming, type Message, startNatsServer } from '@etcd-rotate/bus';
import { binaries } from '@etcd-rotate/lab';
import { subjects } from '@etcd-rotate/protocol';
import { memberOf } from '../provoked.ts';
import { connectAs } from './identities.ts';
import { fleet } from './messages.ts';
import { reachOwner } from './nats-owner.ts';
import type { Stage } from './stage.ts';

/** A nats-server with the certificate and the users of the real one, that belongs to somebody hostile. */
export interface Liar {
  servers: string[];
  /** Says and hears everything there. */
  bus: Bus;
}

export async function startLiar(stage: Stage, opened: AsyncDisposableStack): Promise<Liar> {
  const { lab, owner, who } = stage;
  const real = join(lab.layout.coordinator.state, 'nats', 'nats.conf');
  const folder = lab.layout.folder;
  const files = { configFile: join(folder, 'liar.conf'), pidFile: join(folder, 'liar.pid') };
  const listen = lab.layout.coordinator.listen.replace(/:\d+$/, ':4333');
  const config = readFileSync(real, 'utf8')
    .replace(/^listen: .*$/m, `listen: ${JSON.stringify(listen)}`)
    .replace(/^pid_file: .*$/m, `pid_file: ${JSON.stringify(files.pidFile)}`);
  writeFileSync(files.configFile, config);
  const started = await startNatsServer({
    ...files,
    program: binaries().natsServer,
    listen,
    logFile: join(folder, 'liar.log'),
    onEvent: () => undefined,
  });
  if (!started.ok) throw new Error(started.failure.message);
  opened.use(started.value);
  const servers = [`tls://${listen}`];
  const { nats } = who.of('node', 'm1');
  return { servers, bus: opened.use(await reachOwner(owner.seed, servers, nats.ca)) };
}

/** Hands a message on, and gives the answer to it. */
export type HandOn = (message?: Message) => Promise<Message | undefined>;

/** What is done to what goes by; nothing where nothing is said. */
export interface Lies {
  command?: (message: Incoming, on: HandOn) => Promise<Message | undefined>;
  result?: (message: Incoming, on: HandOn) => Promise<Message | undefined>;
}

export interface Between extends AsyncDisposable {
  lies: Lies;
}

/** Puts the liar between the coordinator and the agent of a node, which is started again to dial the liar. */
export async function between(stage: Stage, liar: Liar, node: string): Promise<Between> {
  await using opened = new AsyncDisposableStack();
  const agent = stage.lab.control.agent(node);
  const file = memberOf(stage.lab, node).identity;
  const text = readFileSync(file, 'utf8');
  const identity = stage.who.of('node', node);
  const kept = JSON.parse(text) as { nats: object };
  const dial = async (servers: string[]): Promise<void> => {
    writeFileSync(file, JSON.stringify({ ...kept, nats: { ...kept.nats, servers } }), { mode: 0o600 });
    await agent.restart();
  };
  await agent.stop();
  const real = opened.use(await connectAs(identity));
  const one: { lies: Lies } = { lies: {} };
  const pass = (from: Bus, to: Bus, subject: string, lie: () => Lies['command']): void => {
    const subscription = from.subscribe(subject, (message) => {
      const on: HandOn = async (other = message) => {
        const answer = await to.request(subject, other, nobody);
        return answer.ok ? answer.value : undefined;
      };
      void (lie() ?? ((_message, handOn) => handOn()))(message, on).then(
        (answer) => answer && message.respond(answer),
      );
    });
    opened.use(subscription);
  };
  pass(real, liar.bus, subjects.command(fleet, node), () => one.lies.command);
  pass(liar.bus, real, subjects.result(fleet, node), () => one.lies.result);
  await dial(liar.servers);
  await stage.lab.control.ready();
  const stack = opened.move();
  return Object.assign(one, {
    async [Symbol.asyncDispose]() {
      await stack.disposeAsync();
      writeFileSync(file, text, { mode: 0o600 });
      await agent.restart();
      await stage.lab.control.ready();
    },
  });
}

const nobody = { code: 'node-away', name: 'nobody', hint: '', timeoutMs: 3000 } as const;
