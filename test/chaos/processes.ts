import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Lab, type Service, until } from '@etcd-rotate/lab';
import { impatient, patient } from './policy.ts';
import type { Fault, Scene } from './scene.ts';
import { memberAt, nodeAt, type WhichMember } from './victims.ts';

/** The processes that something may happen to. */
export const processes = ['coordinator', 'agent', 'nats-server', 'etcd member'] as const;
export type ProcessName = (typeof processes)[number];

/** As in a unit with Restart=always: at once, or after some seconds. */
const restartsAfter = { least: 0, most: 3_000 };
/** A member comes back later: in the meantime the rotation must not go on. */
const memberRestartsAfter = { least: 1_000, most: 3_000 };

/** `kill -9`, and started again as an init system does. */
export function kill(process: ProcessName, which: WhichMember = 'changed'): Fault {
  return {
    name: `kill ${nameOf(process, which)}`,
    policy: patient,
    async strike(scene) {
      const { lab, chance, downtimes, say } = scene;
      switch (process) {
        case 'coordinator':
        case 'agent': {
          const service = process === 'agent' ? lab.control.agent(nodeAt(scene)) : lab.control.coordinator;
          await service.kill('SIGKILL');
          say(`killed ${service.name}`);
          await pause(chance.one([restartsAfter.least, chance.between(0, restartsAfter.most)]));
          await service.start();
          break;
        }
        case 'nats-server': {
          // The coordinator starts it again, as it is its child.
          const pid = natsPid(lab);
          if (pid === undefined) throw new Error('no nats-server runs');
          globalThis.process.kill(pid, 'SIGKILL');
          say(`killed nats-server ${pid}`);
          await until('nats-server runs again', () => {
            const now = natsPid(lab);
            return now !== undefined && now !== pid;
          });
          break;
        }
        case 'etcd member': {
          const member = memberAt(scene, which);
          downtimes.killed(member);
          await lab.etcd(member).kill('SIGKILL');
          say(`killed etcd ${member}`);
          await pause(chance.between(memberRestartsAfter.least, memberRestartsAfter.most));
          await lab.etcd(member).start();
          break;
        }
      }
      return { at: Date.now() };
    },
  };
}

/** Stopped for longer than anybody waits for it, and woken: it does not know that time has passed. */
export function stop(process: ProcessName, which: WhichMember = 'changed'): Fault {
  return {
    name: `stop ${nameOf(process, which)}`,
    policy: impatient,
    async strike(scene) {
      const { chance, downtimes, say } = scene;
      const member = process === 'etcd member' ? memberAt(scene, which) : undefined;
      const pid = pidOf(scene, process, member);
      // It may be between two lives at this moment: then there is nothing to stop, and nothing has happened yet.
      if (pid === undefined) throw new Error(`no ${process} runs`);
      const away = member ? downtimes.stopped(member) : undefined;
      globalThis.process.kill(pid, 'SIGSTOP');
      say(`stopped ${process} ${member ?? ''}`);
      await pause(chance.between(...stoppedFor[process]));
      globalThis.process.kill(pid, 'SIGCONT');
      say(`woke ${process}`);
      await away?.woken();
      return { at: Date.now() };
    },
  };
}

/** Longer than the deadlines of the impatient policy that each is held to: steps, patience, patience, start. */
const stoppedFor: Record<ProcessName, [number, number]> = {
  coordinator: [11_000, 13_000],
  agent: [6_000, 16_000],
  'nats-server': [6_000, 8_000],
  'etcd member': [7_000, 9_000],
};

function pidOf(scene: Scene, process: ProcessName, member: string | undefined): number | undefined {
  const { lab } = scene;
  switch (process) {
    case 'coordinator':
      return lab.control.coordinator.pid();
    case 'agent':
      return lab.control.agent(nodeAt(scene)).pid();
    case 'nats-server':
      return natsPid(lab);
    case 'etcd member':
      return member === undefined ? undefined : (lab.etcd(member) satisfies Service).pid();
  }
}

/** Of the coordinator's own nats-server, as that noted it. */
export function natsPid({ layout }: Lab): number | undefined {
  const file = join(layout.coordinator.state, 'nats', 'nats.pid');
  const pid = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  if (!(pid > 0)) return undefined;
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`)) === 'nats-server' ? pid : undefined;
  } catch {
    return undefined;
  }
}

function nameOf(process: ProcessName, which: WhichMember): string {
  return process === 'etcd member' ? `${which} member` : process;
}
