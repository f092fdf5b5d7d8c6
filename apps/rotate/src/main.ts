import { allowed, type Verb } from '@etcd-rotate/core';
import { requireNode } from '@etcd-rotate/daemon';
import { fail, Restarts, Strategy } from '@etcd-rotate/protocol';
import { Command, Option } from 'commander';
import about from '../package.json' with { type: 'json' };
import { exitCodes } from './exit-codes.ts';
import { digest, domainCa, fingerprint, id, name } from './parse-options.ts';

requireNode('rotate');

// Whoever read our lines has gone, as `head` does: as after Ctrl-C, a rotation goes on without us.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(exitCodes.detached);
});

const identity = new Option('--identity <file>', "the operator's identity file")
  .env('ETCD_ROTATE_IDENTITY')
  .default('/etc/etcd-rotate/operator.json');
const cluster = ['--cluster <name>', 'the cluster; not needed where the fleet has one'] as const;
const dryRun = ['--dry-run', 'show the plan with its proof; change and write nothing'] as const;
const yes = ['--yes', 'do not ask'] as const;
const digestOption = [
  '--digest <digest>',
  'run this plan or none: the digest that a dry run showed, or how it begins',
] as const;
const json = ['--json', 'one JSON object a line, for programs'] as const;

/** What a plan is agreed to with: a way back takes them, too. */
const ofAgreement = ['dryRun', 'yes', 'digest'];
const ofRotation = [
  ...ofAgreement,
  'ca',
  'domain',
  'restarts',
  'acceptDowntime',
  'strategy',
  'leaves',
  'retire',
  'reissue',
  'confirmRetire',
];

// What is not needed for an answer like --version is loaded when it is.
const program = new Command('rotate')
  .description('rotates the CAs and certificates of etcd clusters: plan, proof, then one member at a time')
  .version(about.version)
  .addOption(identity)
  .option(...json)
  .option(...cluster, name)
  .option(...dryRun)
  .option(...yes)
  .option(...digestOption, digest)
  .addOption(
    new Option('--strategy <name>', 'staged: to another CA; renew: leaves alone, by the CA that issued them')
      .choices(Strategy.options)
      .default('staged'),
  )
  .addOption(new Option('--domain <domain>', 'whose CA').choices(['client', 'peer', 'all']).default('all'))
  .addOption(
    new Option(
      '--restarts <when>',
      'when staged restarts members: in every stage (the default of the policy), or only where a bundle must be loaded',
    ).choices(Restarts.options),
  )
  .addOption(
    new Option('--leaves <which>', 'which leaves renew replaces: all, or those whose time has come')
      .choices(['all', 'due'])
      .default('all'),
  )
  .option(
    '--retire <fingerprint>',
    'a CA that leaves the bundles besides the old one, by the beginning of its fingerprint; may be repeated',
    fingerprint,
  )
  .option('--reissue', 'the CA named with --ca has the key of the old one: only a new process is proof')
  .option(
    '--ca <domain=name>',
    'end on a CA that the coordinator holds instead of a new one; may be repeated',
    domainCa,
  )
  .option('--confirm-retire', 'hold before the first step from which leaves of the old CA are refused')
  .option('--accept-downtime', 'rotate a cluster of one or two members, whose restarts are outages')
  .action(async (options) => {
    const { rotate } = await import('./rotate.ts');
    process.exitCode = await rotate(options);
  });

program
  .command('status')
  .description('how the nodes and the rotations are')
  .option(...cluster, name)
  .action(async () => {
    if (await refused([])) return;
    const { status } = await import('./status.ts');
    process.exitCode = await status(program.opts());
  });

program
  .command('journal')
  .description('what is written down, of one rotation or of all')
  .argument('[rotation]', 'its id', id)
  .action(async (rotation: string | undefined) => {
    if (await refused(['cluster'])) return;
    const { journal } = await import('./journal.ts');
    process.exitCode = await journal(rotation, program.opts());
  });

const rotation = ['[rotation]', 'its id; not needed where one rotation is not finished', id] as const;

program
  .command('watch')
  .description('a rotation live, finished ones too; closed with q, opened again whenever you like')
  .argument(...rotation)
  .action(async (named: string | undefined) => {
    if (await refused(['cluster'])) return;
    const { watch } = await import('./watch/watch.ts');
    process.exitCode = await watch(named, program.opts());
  });

steer('hold').action(async (named: string | undefined) => {
  if (await refused(['cluster'])) return;
  const { hold } = await import('./hold.ts');
  process.exitCode = await hold(named, program.opts());
});

steer('resume').action(async (named: string | undefined) => {
  if (await refused(['cluster'])) return;
  const { resume } = await import('./resume.ts');
  process.exitCode = await resume(named, program.opts());
});

steer('approve')
  .option(...yes)
  .option(...digestOption, digest)
  .action(async (named: string | undefined) => {
    if (await refused(['cluster'], ['yes', 'digest'])) return;
    const { approve } = await import('./approve.ts');
    process.exitCode = await approve(named, program.opts());
  });

steer('rollback')
  .option('--keep-new-ca', 'leave the new CA in the bundles, which saves restarts')
  .option(...dryRun)
  .option(...yes)
  .option(...digestOption, digest)
  .action(async (named: string | undefined, { keepNewCa }: { keepNewCa?: boolean }) => {
    if (await refused(['cluster'], ofAgreement)) return;
    const { rollback } = await import('./rollback.ts');
    process.exitCode = await rollback(named, { ...program.opts(), keepNewCa: keepNewCa === true });
  });

steer('abandon')
  .option(...yes)
  .action(async (named: string | undefined) => {
    if (await refused(['cluster'], ['yes'])) return;
    const { abandon } = await import('./abandon.ts');
    process.exitCode = await abandon(named, program.opts());
  });

const nodes = program.command('node').description('who may be a node of the fleet');

nodes
  .command('add')
  .description('prints the line to run on a node that shall join: for that node, once, within an hour')
  .argument('<node>', 'its name', name)
  .option('--replace', 'also where it has an identity already, which ends when it has joined')
  .action(async (node: string, { replace }: { replace?: boolean }) => {
    if (await refused(['cluster'])) return;
    const { addNode } = await import('./node/add.ts');
    process.exitCode = await addNode(node, { ...program.opts(), replace: replace === true });
  });

nodes
  .command('list')
  .description('every node, where its identity comes from, and whether it answers')
  .option('--nats-users', 'the users for the configuration of a NATS that the coordinator does not run')
  .action(async ({ natsUsers }: { natsUsers?: boolean }) => {
    if (await refused(['cluster'])) return;
    const { listNodes } = await import('./node/list.ts');
    process.exitCode = await listNodes({ ...program.opts(), natsUsers: natsUsers === true });
  });

nodes
  .command('remove')
  .description('ends the identity of a node at once')
  .argument('<node>', 'its name', name)
  .option(...yes)
  .action(async (node: string) => {
    if (await refused(['cluster'], ['yes'])) return;
    const { removeNode } = await import('./node/remove.ts');
    process.exitCode = await removeNode(node, program.opts());
  });

const cas = program.command('ca').description('the CAs that the coordinator can sign with, or could');

cas
  .command('list')
  .description('every CA: until when it is valid, where its key is, and what it issues')
  .action(async () => {
    if (await refused(['cluster'])) return;
    const { listCas } = await import('./ca/list.ts');
    process.exitCode = await listCas(program.opts());
  });

cas
  .command('adopt')
  .description(
    'gives a CA that is in use to the coordinator; its key goes sealed, and its file is left where it is',
  )
  .requiredOption('--name <name>', 'what it is called then, as in `rotate --ca client=NAME`', name)
  .requiredOption('--cert <file>', 'its certificate in PEM')
  .requiredOption('--key <file>', 'its unencrypted private key in PEM')
  .action(async ({ name: ca, cert, key }: { name: string; cert: string; key: string }) => {
    if (await refused(['cluster'])) return;
    const { adoptCa } = await import('./ca/adopt.ts');
    process.exitCode = await adoptCa({ ...program.opts(), name: ca, cert, key });
  });

cas
  .command('export')
  .description(
    "the certificate of a CA in PEM; its key leaves on the coordinator's own machine alone (etcd-rotate-coordinator export-ca)",
  )
  .argument('<name>', 'see: rotate ca list', name)
  .option('--out <file>', 'a file that is not there yet, instead of standard output')
  .action(async (ca: string, { out }: { out?: string }) => {
    if (await refused(['cluster'])) return;
    const { exportCa } = await import('./ca/export.ts');
    process.exitCode = await exportCa(ca, { ...program.opts(), ...(out !== undefined && { out }) });
  });

cas
  .command('destroy')
  .description(
    'destroys the key of a CA that nothing needs any more, after the grace that its last rotation gave it',
  )
  .argument('<name>', 'see: rotate ca list', name)
  .option(...yes)
  .action(async (ca: string) => {
    if (await refused(['cluster'], ['yes'])) return;
    const { destroyCa } = await import('./ca/destroy.ts');
    process.exitCode = await destroyCa(ca, program.opts());
  });

program
  .command('reset-epoch')
  .description(
    'makes the nodes of a cluster obey this coordinator, whatever they have stored: after its state was restored from a backup',
  )
  .option(...cluster, name)
  .action(async () => {
    if (await refused([])) return;
    const { resetEpoch } = await import('./reset-epoch.ts');
    process.exitCode = await resetEpoch(program.opts());
  });

/** A verb with what it does and when it may, as the coordinator has it. */
function steer(verb: Verb): Command {
  const { does, in: statuses } = allowed[verb];
  return program
    .command(verb)
    .description(`${does} (of a rotation that is ${statuses.join(' or ')})`)
    .argument(...rotation);
}

// Options are read by the program wherever they stand; what a command takes is said in its help as well.
const everyCommand = (of: Command): Command[] => of.commands.flatMap((one) => [one, ...everyCommand(one)]);
for (const command of everyCommand(program)) command.addOption(identity).option(...json);

program.exitOverride((error) => {
  process.exit(error.exitCode === 0 ? exitCodes.done : exitCodes.usage);
});
for (const command of everyCommand(program)) command.copyInheritedSettings(program);

await program.parseAsync();

/** Options of a rotation, given to a command that would not heed them: `resume --dry-run` must not resume. */
async function refused(besides: string[], heeded: string[] = []): Promise<boolean> {
  const given = program.options.find(
    (option) =>
      [...ofRotation, ...besides].includes(option.attributeName()) &&
      !heeded.includes(option.attributeName()) &&
      program.getOptionValueSource(option.attributeName()) === 'cli',
  );
  if (!given) return false;
  const { terminal } = await import('./terminal.ts');
  const { failure } = fail(
    'bad-usage',
    `${given.long} is not an option of this command, and nothing was done`,
    'leave it out; it is for `rotate` without a command',
  );
  terminal(program.opts().json === true).fail([failure]);
  process.exitCode = exitCodes.usage;
  return true;
}
