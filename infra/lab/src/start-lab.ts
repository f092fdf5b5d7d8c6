import { mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freeAddresses } from './addresses.ts';
import { binaries } from './binaries.ts';
import { caFiles, makeCertificates } from './certificates.ts';
import { writeConfiguration } from './configuration.ts';
import { etcdCommand } from './etcd-flags.ts';
import { type Lab, makeLab, readPair } from './lab.ts';
import type { LabOptions } from './lab-options.ts';
import { layOut, type PairFiles } from './layout.ts';
import { endLab, folderPrefix, noteOwner } from './leftovers.ts';
import { makeFolders } from './make-folders.ts';
import { runProgram } from './run-program.ts';
import { makeService } from './services.ts';
import { until } from './until.ts';

/**
 * The whole system on one machine, on loopback: etcd members, coordinator, an agent a node, a writer and a watcher, each
 * a real process. When it cannot be started, what was started is ended.
 */
export async function startLab(options: LabOptions): Promise<Lab> {
  const { members, etcd: version, keys, oneCa, load = true, control = true } = options;
  const { policy = {}, profile = {}, etcdFlags: more = [] } = options;
  const { agentCommonName, clientCommonName, peerCommonName, clientHosts } = options;
  const progress = options.onProgress ?? (() => undefined);
  const { cfssl, natsServer, etcd: etcdOf } = binaries();
  const { etcd, etcdctl } = etcdOf(version);
  const addressBase = options.addressBase ?? (await freeAddresses(members));
  const folder = newFolder(options.folder);
  noteOwner(folder, process.pid);
  try {
    const layout = layOut(folder, {
      members,
      addressBase,
      load,
      oneFile: options.oneFile,
      coordinators: options.coordinators,
    });
    makeFolders(layout);
    const services = layout.members.map((member) =>
      makeService(layout.services, `etcd-${member.name}`, etcdCommand(etcd, member, { layout, more })),
    );
    const etcdVersion = await versionOf(etcd);
    const lab = makeLab({ options, layout, services, natsServer, etcdctl, etcdVersion });

    progress('certificates by cfssl');
    const kept = await makeCertificates(layout, {
      keys,
      oneCa,
      cfssl,
      agentCommonName,
      clientCommonName,
      peerCommonName,
      clientHosts,
    });
    lab.kept.client = readPair(kept.client);
    for (const [name, files] of Object.entries(kept.peer)) lab.kept.peer[name] = readPair(files);

    // Files that are as old as a process may be either's elder: the agent would rather not say (host/moment.ts).
    const written = Date.now();
    await until('the certificates are older than any process', () => Date.now() - written > 100);

    progress(`${members} etcd ${members === 1 ? 'member' : 'members'}`);
    await Promise.all(services.map((service) => service.start()));
    await lab.serving();
    if (load) {
      progress('writer and watcher');
      await lab.load.start();
    }
    if (control) {
      progress('coordinator and agents');
      writeConfiguration({
        layout,
        natsServer,
        policy,
        profile,
        lease: options.lease ?? '2s',
        etcd: lab.etcd,
        client: (name) => ({
          service: name === 'writer' ? lab.load.writer : lab.load.watcher,
          reload: lab.load.reloadCommand(name),
        }),
      });
      await lab.control.init();
      if (options.adoptCas) await adoptCas(lab);
      await lab.control.start();
    }
    return lab;
  } catch (error) {
    await endLab(folder);
    throw error;
  }
}

async function adoptCas({ layout, options, control }: Lab): Promise<void> {
  const { client, peer } = caFiles(layout, options);
  const named: [string, PairFiles][] = options.oneCa
    ? [['etcd-ca', client]]
    : [
        ['client-ca', client],
        ['peer-ca', peer],
      ];
  for (const [name, files] of named) {
    const { code, stdout, stderr } = await control.adoptCa(name, files);
    if (code !== 0) throw new Error(`etcd-rotate-coordinator adopt-ca: exit ${code}: ${stderr || stdout}`);
  }
}

function newFolder(wanted: string | undefined): string {
  if (wanted === undefined) return mkdtempSync(join(tmpdir(), folderPrefix));
  const folder = resolve(wanted);
  mkdirSync(folder, { recursive: true });
  // It is removed in the end, with whatever is in it.
  if (readdirSync(folder).length > 0) throw new Error(`${folder} is not empty`);
  return folder;
}

async function versionOf(etcd: string): Promise<string> {
  const { stdout } = await runProgram([etcd, '--version'], { environment: {} });
  return /etcd Version: (\S+)/.exec(stdout)?.[1] ?? 'unknown';
}
