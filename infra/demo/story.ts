// What the demo shows, in order.

import { type Lab, startLab } from '@etcd-rotate/lab';
import { certificateTable } from './certificate-table.ts';
import type { Flags } from './flags.ts';
import { makeCommands } from './look-around.ts';
import { allAre, oldLeafTable, tryOldLeaves } from './old-leaves.ts';
import { isGood, makeReport, type Report, reportText } from './report.ts';
import { rotateArguments, rotateForProgram, rotateHere } from './rotation.ts';
import { areAllReplaced, servedLeaves } from './served-leaves.ts';

export interface Told {
  report: Report;
  good: boolean;
}

export interface Stage {
  flags: Flags;
  /** Of the lab. */
  folder: string;
  /** Where everything but the JSON goes. */
  write: (text: string) => void;
  /** Ends what is being waited for when somebody interrupts. */
  signal: AbortSignal;
}

export async function tellStory({ flags, folder, write, signal }: Stage): Promise<Told> {
  const say = (text: string): void => write(`${text}\n`);
  const { members, etcd, strategy } = flags;
  say(
    `etcd-rotate demo: ${members} etcd ${members === 1 ? 'member' : 'members'} (${etcd}) on loopback, with separate CAs for clients and peers,`,
  );
  say(
    'a coordinator with its nats-server, an agent a node, a writer and a watcher. Each is a real process of its own.',
  );
  say(
    strategy === 'renew'
      ? 'All certificates are replaced, by the CAs that made the first ones, while the writer writes and the watcher watches.\n'
      : 'All certificates and both CAs are replaced while the writer writes and the watcher watches.\n',
  );

  const lab = await startLab({
    members,
    etcd,
    keys: 'rsa',
    oneCa: false,
    // A renewal is signed by the CAs that are there: the coordinator has to hold them.
    adoptCas: strategy === 'renew',
    folder,
    onProgress: (what) => say(`starting   ${what}`),
  });
  say(`running    ${Object.keys(lab.pids()).length} processes in ${folder}`);

  heading(say, 'Certificates before, made by cfssl');
  say(certificateTable(lab));
  const before = await tryOldLeaves(lab);
  const servedBefore = await servedLeaves(lab);
  if (!allAre('accepted', before))
    say(`\nnot every port accepts its leaf to begin with:\n${oldLeafTable(before, [])}`);

  const args = rotateArguments(members, flags);
  heading(say, `rotate ${args.join(' ')} --dry-run`);
  const show = { onStdout: write, onStderr: write, signal };
  const planned = flags.json
    ? (await lab.rotate([...args, '--dry-run'], show)).code
    : await lab.control.rotateHere([...args, '--dry-run'], { signal });
  if (planned !== 0) throw new Error(`the dry run ended with exit code ${planned}`);

  heading(say, `rotate ${args.join(' ')} --yes`);
  const restartsBefore = countRestarts(lab);
  await lab.sampler.start();
  const rotated = flags.json
    ? await rotateForProgram(lab, args, { show: write, signal })
    : await rotateHere(lab, args, signal);
  const sampler = await lab.sampler.stop();
  const restarts = countRestarts(lab) - restartsBefore;
  const load = await lab.load.stop();
  const after = await tryOldLeaves(lab);

  heading(say, 'Certificates after');
  say(certificateTable(lab));
  heading(say, 'Leaves of the old CAs, kept by the demo and tried on every port');
  say(oldLeafTable(before, after));

  const oldLeavesRefused = allAre('accepted', before) && allAre('refused', after);
  const leavesReplaced = areAllReplaced(servedBefore, await servedLeaves(lab));
  const about = { members, etcdVersion: lab.etcdVersion, strategy };
  const seen = { rotated, load, sampler, restarts, oldLeavesRefused, leavesReplaced };
  const report = makeReport(about, seen);
  heading(say, 'Report');
  say(reportText(report, load));
  if (rotated.outcome !== 'rotated')
    say(`\nthe coordinator's last words:\n${lab.control.coordinator.log().slice(-2000)}`);

  if (flags.keep) {
    // They are declared clients, so that a cluster without them could not be rotated again.
    await lab.load.start({ perSecond: 5 });
    lab.keep();
    say(`\n${makeCommands(lab)}`);
  }
  return { report, good: isGood(report) };
}

function heading(say: (text: string) => void, text: string): void {
  say(`\n${text}\n`);
}

function countRestarts(lab: Lab): number {
  return lab.layout.members
    .flatMap(({ name }) => lab.etcd(name).restarts())
    .filter(({ start }) => start !== undefined).length;
}
