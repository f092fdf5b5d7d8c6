import { Domain, Name } from '@etcd-rotate/protocol';
import { Command, InvalidArgumentError, Option } from 'commander';
import about from '../package.json' with { type: 'json' };
import { exitCodes } from './exit-codes.ts';

const identity = new Option('--identity <file>', "the operator's identity file")
  .env('ETCD_ROTATE_IDENTITY')
  .default('/etc/etcd-rotate/operator.json');
const json = ['--json', 'one JSON object a line, for programs'] as const;

// What is not needed for an answer like --version is loaded when it is.
const program = new Command('rotate')
  .description('rotates the CAs and certificates of etcd clusters: plan, proof, then one member at a time')
  .version(about.version)
  .addOption(identity)
  .option(...json)
  .option('--cluster <name>', 'the cluster to rotate; not needed where the fleet has one')
  .option('--dry-run', 'show the plan with its proof; change and write nothing')
  .option('--yes', 'do not ask')
  .addOption(new Option('--strategy <name>', 'how').choices(['staged']).default('staged'))
  .addOption(new Option('--domain <domain>', 'whose CA').choices(['client', 'peer', 'all']).default('all'))
  .addOption(new Option('--restarts <when>', 'when members are restarted').choices(['every-stage']))
  .option(
    '--ca <domain=name>',
    'end on a CA that the coordinator holds instead of a new one; may be repeated',
    domainCa,
    {},
  )
  .option('--accept-downtime', 'rotate a cluster of one or two members, whose restarts are outages')
  .action(async (options) => {
    const { rotate } = await import('./rotate.ts');
    process.exitCode = await rotate(options);
  });

program
  .command('status')
  .description('how the nodes and the rotations are')
  .action(async () => {
    const { status } = await import('./status.ts');
    process.exitCode = await status(program.opts());
  });

program
  .command('journal')
  .description('what is written down, of one rotation or of all')
  .argument('[rotation]')
  .action(async (rotation: string | undefined) => {
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
    .argument('<rotation>')
    .action(async (rotation: string) => {
      const { steer } = await import('./steer.ts');
      process.exitCode = await steer(verb, rotation, program.opts());
    });
}

program.exitOverride((error) => {
  process.exit(error.exitCode === 0 ? exitCodes.done : exitCodes.usage);
});
for (const command of program.commands) command.copyInheritedSettings(program);

await program.parseAsync();

function domainCa(text: string, before: Record<string, string>): Record<string, string> {
  const [domain = '', name = ''] = text.split('=');
  if (!Domain.safeParse(domain).success || !Name.safeParse(name).success) {
    throw new InvalidArgumentError('it is like client=NAME or peer=NAME');
  }
  return { ...before, [domain]: name };
}
