import { requireNode } from '@etcd-rotate/daemon';
import { Domain, fail, Id, Name, Restarts, Strategy } from '@etcd-rotate/protocol';
import { Command, InvalidArgumentError, Option } from 'commander';
import about from '../package.json' with { type: 'json' };
import { exitCodes } from './exit-codes.ts';

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
const json = ['--json', 'one JSON object a line, for programs'] as const;

const ofRotation = [
  'dryRun',
  'yes',
  'digest',
  'ca',
  'domain',
  'restarts',
  'acceptDowntime',
  'strategy',
  'leaves',
  'retire',
  'reissue',
];

// What is not needed for an answer like --version is loaded when it is.
const program = new Command('rotate')
  .description('rotates the CAs and certificates of etcd clusters: plan, proof, then one member at a time')
  .version(about.version)
  .addOption(identity)
  .option(...json)
  .option(...cluster, name)
  .option('--dry-run', 'show the plan with its proof; change and write nothing')
  .option('--yes', 'do not ask')
  .option(
    '--digest <digest>',
    'run this plan or none: the digest that a dry run showed, or how it begins',
    digest,
  )
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

for (const [verb, description] of [
  ['resume', 'go on with a rotation that is held'],
  ['abandon', 'give up a rotation that is held, where it stands'],
] as const) {
  program
    .command(verb)
    .description(description)
    .argument('<rotation>', 'its id', id)
    .action(async (rotation: string) => {
      if (await refused(['cluster'])) return;
      const { steer } = await import('./steer.ts');
      process.exitCode = await steer(verb, rotation, program.opts());
    });
}

// Options are read by the program wherever they stand; what a command takes is said in its help as well.
for (const command of program.commands) command.addOption(identity).option(...json);

program.exitOverride((error) => {
  process.exit(error.exitCode === 0 ? exitCodes.done : exitCodes.usage);
});
for (const command of program.commands) command.copyInheritedSettings(program);

await program.parseAsync();

/** Options of a rotation, given to a command that would not heed them: `resume --dry-run` must not resume. */
async function refused(besides: string[]): Promise<boolean> {
  const given = program.options.find(
    (option) =>
      [...ofRotation, ...besides].includes(option.attributeName()) &&
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

function name(text: string): string {
  const parsed = Name.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(`It is not ${parsed.error.issues[0]?.message}.`);
}

function id(text: string): string {
  const parsed = Id.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError('It is not the id of a rotation; see those there are with: rotate status');
}

function fingerprint(text: string, before: string[] = []): string[] {
  if (!/^[0-9a-f]{8,64}$/.test(text)) {
    throw new InvalidArgumentError('It is 8 to 64 hexadecimal digits, as the plan shows them.');
  }
  return [...before, text];
}

function digest(text: string): string {
  if (/^[0-9a-f]{16,64}$/.test(text)) return text;
  throw new InvalidArgumentError('It is 16 to 64 hexadecimal digits, as a dry run shows them.');
}

function domainCa(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [domain = '', ca = '', ...more] = text.split('=');
  if (more.length > 0 || !Domain.safeParse(domain).success || !Name.safeParse(ca).success) {
    throw new InvalidArgumentError('it is like client=NAME or peer=NAME');
  }
  return { ...before, [domain]: ca };
}
