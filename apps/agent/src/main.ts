import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import {
  logOf,
  notifier,
  onSignal,
  readIdentity,
  readYaml,
  requireNode,
  stopWith,
  untilSignal,
  watchdogMs,
} from '@etcd-rotate/daemon';
import { loadEtcdClient } from '@etcd-rotate/etcd';
import { AgentFile, fail, type IdentityFile, ok, type Result } from '@etcd-rotate/protocol';
import { Command } from 'commander';
import { pino } from 'pino';
import about from '../package.json' with { type: 'json' };
import { joinFleet, sayJoined } from './join.ts';
import { leaveNode } from './leave.ts';
import { serve } from './serve.ts';

const name = 'etcd-rotate-agent';
const now = (): Date => new Date();

requireNode(name);

interface Options {
  config: string;
  identity?: string;
  state?: string;
}

const program = new Command(name)
  .description('carries out rotation commands on one node')
  .version(about.version)
  .option('--config <file>', 'agent.yaml', '/etc/etcd-rotate/agent.yaml')
  .option('--identity <file>', 'the identity file, instead of the one in agent.yaml')
  .option('--state <folder>', 'the state folder, instead of the one in agent.yaml')
  .action(async (options: Options) => {
    const log = logOf(pino({ name, level: process.env.LOG_LEVEL ?? 'info' }));
    const file = await readYaml(AgentFile, resolve(options.config));
    if (!file.ok) return stopWith(name, file.failure);
    const settings = {
      ...file.value,
      identity: options.identity ?? file.value.identity,
      state: options.state ?? file.value.state,
    };
    const { CREDENTIALS_DIRECTORY, NOTIFY_SOCKET } = process.env;
    const identity = await readIdentity(settings.identity, { credentials: CREDENTIALS_DIRECTORY });
    if (!identity.ok) return stopWith(name, identity.failure);
    const ours = isOurs(identity.value, settings.identity, settings.node);
    if (!ours.ok) return stopWith(name, ours.failure);
    await loadEtcdClient();
    const notify = notifier(NOTIFY_SOCKET);
    const stop = onSignal();
    const serving = await serve({
      file: settings,
      identity: identity.value,
      log,
      notify,
      watchdogMs: watchdogMs(process.env, process.pid),
      stop,
      now,
    });
    if (!serving.ok) return stopWith(name, serving.failure);
    const signal = await untilSignal(stop);
    log.info({ signal }, 'stopping');
    await notify.stopping();
    await serving.value[Symbol.asyncDispose]();
  });

program
  .command('leave')
  .description('turns the links of this node into plain files again, for taking the agent off it')
  .action(async () => {
    const { config, state } = program.opts<Options>();
    const file = await readYaml(AgentFile, resolve(config));
    if (!file.ok) return stopWith(name, file.failure);
    const left = await leaveNode({ ...file.value, state: state ?? file.value.state });
    if (!left.ok) return stopWith(name, left.failure);
    process.stdout.write(`plain files again in: ${left.value.join(', ') || 'no folder'}\n`);
  });

program
  .command('join')
  .description('makes the identity of this node, with a token of `rotate node add`')
  .argument('<token>', 'as it was printed; - reads it from standard input')
  .option('--replace', 'also where this node has an identity already')
  .action(async (given: string, { replace = false }: { replace?: boolean }) => {
    const { config, identity } = program.opts<Options>();
    const file = await ownFile(resolve(config), program.getOptionValueSource('config') !== 'cli');
    if (!file.ok) return stopWith(name, file.failure);
    const token = given === '-' ? await text(process.stdin) : given;
    const joined = await joinFleet({
      token: token.trim(),
      identityFile: resolve(identity ?? file.value?.identity ?? '/etc/etcd-rotate/identity.json'),
      node: file.value?.node,
      replace,
      now,
    });
    if (!joined.ok) return stopWith(name, joined.failure);
    process.stdout.write(sayJoined(joined.value));
  });

// A wrong command line ends with 2, as with rotate: 1 says that the program failed.
program.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
for (const command of program.commands) command.copyInheritedSettings(program);

await program.parseAsync();

/** The agent file may come after the identity; one that is there says where the identity goes, and whose it is. */
async function ownFile(path: string, mayBeMissing: boolean): Promise<Result<AgentFile | undefined>> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  return !isThere && mayBeMissing ? ok(undefined) : readYaml(AgentFile, path);
}

function isOurs(identity: IdentityFile, path: string, node: string): Result<void> {
  const { kind, name: whose } = identity;
  if (kind === 'node' && whose === node) return ok(undefined);
  const message = `${path} is the identity of ${kind} ${whose}, and this is node ${node}`;
  return fail('bad-file', message, `bring ${node}.identity.json to this node`);
}
