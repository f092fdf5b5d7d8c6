import { resolve } from 'node:path';
import {
  logOf,
  notifier,
  othersCanRead,
  readSecretFile,
  readYaml,
  requireNode,
  sayAdopted,
  stopWith,
  untilSignal,
  watchdogMs,
} from '@etcd-rotate/daemon';
import { FleetFile, fail, ok, type Result, Secret } from '@etcd-rotate/protocol';
import { Command } from 'commander';
import { pino } from 'pino';
import about from '../package.json' with { type: 'json' };
import { adoptCa } from './adopt-ca.ts';
import { exportCa, sayExported } from './export-ca.ts';
import { readIdentityPlace, readSettings, type Settings } from './files.ts';
import { readIdentityFolder } from './identity-folder.ts';
import { initIdentityFolder } from './init.ts';
import { sharedOf } from './lead/connect-shared.ts';
import { share } from './lead/share.ts';
import { whileNobodyLeads } from './lead/while-nobody-leads.ts';
import { natsConfig } from './nats-config.ts';
import { endOverlap, newSigningKey } from './new-signing-key.ts';
import { serve } from './serve.ts';
import type { WhileNobodyLeads, WithStore } from './with-store.ts';

const name = 'etcd-rotate-coordinator';
const now = (): Date => new Date();

requireNode(name);

const program = new Command(name)
  .description('plans, proves and drives rotations of the CAs and certificates of etcd clusters')
  .version(about.version)
  .option('--config <file>', 'coordinator.yaml', '/etc/etcd-rotate/coordinator.yaml')
  .option('--state <folder>', 'the state folder, instead of the one in the file')
  .action(async ({ config, state }: { config: string; state?: string }) => {
    const log = logOf(pino({ name, level: process.env.LOG_LEVEL ?? 'info' }));
    const settings = await readSettings(
      resolve(config),
      { state },
      { credentialsFolder: process.env.CREDENTIALS_DIRECTORY },
    );
    if (!settings.ok) return stopWith(name, settings.failure);
    const notify = notifier(process.env.NOTIFY_SOCKET);
    const { NATS_SERVER_BIN, PATH } = process.env;
    const serving = await serve({
      settings: settings.value,
      version: about.version,
      environment: { NATS_SERVER_BIN, PATH },
      log,
      notify,
      watchdogMs: watchdogMs(process.env, process.pid),
      now,
      // A coordinator that cannot write down what it does must not seem to run: whoever keeps us running starts us again.
      onFatal: (failure) => {
        stopWith(name, failure);
        process.exit();
      },
    });
    if (!serving.ok) return stopWith(name, serving.failure);
    await notify.ready();
    const signal = await untilSignal();
    log.info({ signal }, 'stopping');
    await notify.stopping();
    await serving.value[Symbol.asyncDispose]();
  });

program
  .command('init')
  .description(
    'makes the identities of the coordinator, of every node of the fleet and of operators; adds what is missing',
  )
  .argument('<folder>', 'where to make them, e.g. /etc/etcd-rotate/identity')
  .requiredOption('--fleet <file>', 'fleet.yaml: its nodes get an identity each')
  .requiredOption(
    '--listen <host:port...>',
    'where nodes and operators reach NATS; the host goes into its certificate',
  )
  .option('--operator <name...>', 'operators who get an identity', ['admin'])
  .option('--read-only-operator <name...>', 'operators who may look, and not steer', [])
  .option('--no-nodes', 'no identities for nodes: each makes its own when it joins (`rotate node add`)')
  .action(async (folder: string, options: InitArguments) => {
    const fleet = await readYaml(FleetFile, resolve(options.fleet));
    if (!fleet.ok) return stopWith(name, fleet.failure);
    const made = await initIdentityFolder({
      folder: resolve(folder),
      fleet: fleet.value,
      servers: options.listen,
      operators: options.operator,
      readOnlyOperators: options.readOnlyOperator,
      nodes: options.nodes,
      now: now(),
    });
    if (!made.ok) return stopWith(name, made.failure);
    const { paths, issuedAnewFor } = made.value;
    const lines = paths.map((path) => `  ${folder}/${path}`);
    const said = lines.length === 0 ? 'nothing was missing' : `made:\n${lines.join('\n')}`;
    const anew =
      issuedAnewFor.length === 0
        ? ''
        : `\nThe certificate of the NATS server was issued anew by the same CA, for ${issuedAnewFor.join(', ')} as well:\nrestart the coordinator. Identities made before dial the addresses they were made with.\n`;
    process.stdout.write(
      `${said}\n${anew}\nBring ${options.nodes ? 'nodes/NAME.identity.json to each node and ' : ''}operators/NAME.identity.json to each operator,\nas files that only they can read (mode 0600), and then remove them here.\n${options.nodes ? '' : 'Each node joins by itself: rotate node add NAME prints the line to run there.\n'}`,
    );
  });

program
  .command('adopt-ca')
  .description('takes a CA that is in use, with its key, into the store of CAs; the coordinator must not run')
  .requiredOption('--name <name>', 'what it is called in the store, as in `rotate --ca client=NAME`')
  .requiredOption('--cert <file>', 'its certificate in PEM')
  .requiredOption('--key <file>', 'its unencrypted private key in PEM; the file is left where it is')
  .action(async (options: { name: string; cert: string; key: string }, command: Command) => {
    const settings = await settingsOf(command);
    if (!settings.ok) return stopWith(name, settings.failure);
    const adopted = await adoptCa({ ...whereOf(settings.value), ...options });
    if (!adopted.ok) return stopWith(name, adopted.failure);
    const keyFile = { keyFile: options.key, isOpen: await othersCanRead(options.key) };
    const said = sayAdopted({ ...adopted.value, ...keyFile });
    process.stdout.write(`${said.join('\n')}\nStart the coordinator, which then holds this CA.\n`);
  });

program
  .command('export-ca')
  .description(
    'writes the key of a CA into a new file on this machine, which no other command does; the coordinator must not run',
  )
  .requiredOption('--name <name>', 'what it is called in the store; see `rotate ca list`')
  .requiredOption('--out <file>', 'the file, which is made with mode 0600 and must not be there')
  .option('--passphrase-file <file>', 'has what the key is encrypted with, mode 0600: random, and long')
  .option('--unencrypted', 'the key is not encrypted')
  .action(async (options: ExportArguments, command: Command) => {
    const given = await exportPassphrase(options);
    if (!given.ok) return stopWith(name, given.failure);
    const settings = await settingsOf(command);
    if (!settings.ok) return stopWith(name, settings.failure);
    const where = { ...whereOf(settings.value), name: options.name, out: resolve(options.out) };
    const exported = await exportCa({ ...where, exportPassphrase: given.value });
    if (!exported.ok) return stopWith(name, exported.failure);
    const encrypted = given.value !== undefined;
    process.stdout.write(sayExported(exported.value, { out: where.out, encrypted }));
  });

program
  .command('check')
  .description('reads all that it would start with, and says what is wrong with it; starts nothing')
  .action(async (_options: object, command: Command) => {
    const settings = await settingsOf(command);
    if (!settings.ok) return stopWith(name, settings.failure);
    const { fleet, identityFolder } = settings.value;
    const identity = await readIdentityFolder(identityFolder);
    if (!identity.ok) return stopWith(name, identity.failure);
    const clusters = fleet.clusters.map((cluster) => cluster.name).join(', ');
    process.stdout.write(`configuration, passphrase and identities can be read; clusters: ${clusters}\n`);
  });

program
  .command('nats-config')
  .description('prints the configuration of a nats-server of your own, as two coordinators need it')
  .requiredOption('--listen <host:port>', 'where coordinators, nodes and operators reach it')
  .requiredOption('--monitoring <host:port>', 'where coordinators read how it keeps what it acknowledges')
  .requiredOption('--store <folder>', 'where it keeps the journal')
  .option('--tls <folder>', 'where its machine has the three files of IDENTITY/nats, if elsewhere than here')
  .option('--server-name <name>', 'of this server, where several form a cluster')
  .action(async (options: NatsConfigArguments, command: Command) => {
    const { config: path }: { config: string } = command.optsWithGlobals();
    const place = await readIdentityPlace(resolve(path));
    if (!place.ok) return stopWith(name, place.failure);
    const { listen, monitoring, store: storeFolder, tls, serverName } = options;
    const where = { listen, monitoring, storeFolder, tlsFolder: tls, serverName };
    const config = await natsConfig({ identityFolder: place.value, ...where });
    if (!config.ok) return stopWith(name, config.failure);
    process.stdout.write(config.value);
  });

program
  .command('share')
  .description(
    'says that the fleet file and the identity folder here are the right ones, where they were changed and coordinators share a journal',
  )
  .action(async (_options: object, command: Command) => {
    const settings = await settingsOf(command);
    if (!settings.ok) return stopWith(name, settings.failure);
    const shared = await share(settings.value, now);
    if (!shared.ok) return stopWith(name, shared.failure);
    process.stdout.write(
      `shared as revision ${shared.value.revision}\nBring the same files to the other coordinators, then restart all of them, the one that leads last.\n`,
    );
  });

program
  .command('new-signing-key')
  .description(
    'gives the coordinator another signing key; nodes and operators are told of it by the one from before',
  )
  .option('--end-overlap', 'throw the key from before away, once every node obeys the present one')
  .option('--force', 'with --end-overlap: also while there are nodes that do not; they have to join again')
  .action(async (options: { endOverlap?: boolean; force?: boolean }, command: Command) => {
    const settings = await settingsOf(command);
    if (!settings.ok) return stopWith(name, settings.failure);
    const { identityFolder } = settings.value;
    const force = options.force === true;
    const changed = await (options.endOverlap
      ? endOverlap(identityFolder, whereOf(settings.value), { force })
      : newSigningKey(identityFolder));
    if (!changed.ok) return stopWith(name, changed.failure);
    const next = options.endOverlap
      ? 'The signing key from before is gone. Start the coordinator.'
      : `The coordinator signs with a new key (${changed.value.publicKey}) when it is restarted. It then tells every node, and the key
from before is kept for nodes that are away: see \`rotate node list\`. When all of them know the new one, stop it and run
etcd-rotate-coordinator new-signing-key --end-overlap`;
    const shared = sharedOf(settings.value)
      ? '\nBring the identity folder to the other coordinator, run `etcd-rotate-coordinator share`, and restart both.'
      : '';
    process.stdout.write(`changed: ${changed.value.path}\n${next}${shared}\n`);
  });

interface InitArguments {
  fleet: string;
  listen: string[];
  operator: string[];
  readOnlyOperator: string[];
  nodes: boolean;
}

interface NatsConfigArguments {
  listen: string;
  monitoring: string;
  store: string;
  tls?: string;
  serverName?: string;
}

interface ExportArguments {
  name: string;
  out: string;
  passphraseFile?: string;
  unencrypted?: boolean;
}

/** Nothing where it was said that there shall be none. */
async function exportPassphrase({
  passphraseFile: file,
  unencrypted = false,
}: ExportArguments): Promise<Result<Secret | undefined>> {
  if (unencrypted === (file !== undefined)) {
    return fail(
      'bad-usage',
      'the key can be encrypted or not',
      'say --passphrase-file FILE, or --unencrypted, and one of them',
    );
  }
  if (file === undefined) return ok(undefined);
  const text = await readSecretFile(resolve(file), 'name a file that has the passphrase');
  if (!text.ok) return text;
  const passphrase = text.value.trim();
  if (passphrase !== '') return ok(new Secret(passphrase));
  return fail('bad-file', `${file} is empty`, 'write the passphrase into it');
}

/** The store of CAs and the journal of a coordinator that does not run. */
function whereOf(settings: Settings): WithStore {
  const whileStopped: WhileNobodyLeads = (use) =>
    whileNobodyLeads(settings, { version: about.version, now }, use);
  return { settings, now, whileNobodyLeads: sharedOf(settings) && whileStopped };
}

function settingsOf(command: Command): ReturnType<typeof readSettings> {
  const { config, state }: { config: string; state?: string } = command.optsWithGlobals();
  return readSettings(resolve(config), { state }, { credentialsFolder: process.env.CREDENTIALS_DIRECTORY });
}

// A wrong command line ends with 2, as with rotate: 1 says that the program failed.
program.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
for (const command of program.commands) command.copyInheritedSettings(program);

await program.parseAsync();
