import { realpath } from 'node:fs/promises';
import { type Failure, fail, ok, type Restart } from '@etcd-rotate/protocol';
import { place } from '../place.ts';
import { seenProcess } from '../processes.ts';
import { type ContainerSeen, engineSays, lastLinesIn, lookAtContainer } from './container-seen.ts';
import type { Driven, RestartDriver } from './driver.ts';
import { faultOf, stopFault } from './judge-container.ts';

type Contained = Extract<Restart, { container: unknown }>;

/**
 * A container of docker or podman on this machine. Its process is looked at by its number here, since when by the kernel's
 * count: what an engine calls the start of a container is a time of day.
 */
export function containerDriver(
  { container, timeout }: Contained,
  { holder, leastGraceMs, paths }: Driven,
): RestartDriver {
  const { engine, name, grace } = container;
  const called = `${engine} container ${name}`;
  return {
    async restart() {
      // Short for --time or --timeout, as the version has it.
      const done = await engineSays(engine, ['restart', '-t', `${Math.ceil(grace / 1000)}`, name], timeout);
      return done.ok ? ok(undefined) : done;
    },

    async process() {
      const seen = await lookAtContainer(container);
      return seen.ok && seen.value.pid > 0 ? seenProcess(seen.value.pid) : undefined;
    },

    async isGone() {
      const seen = await lookAtContainer(container);
      return seen.ok && seen.value.pid === 0;
    },

    async fault() {
      const seen = await lookAtContainer(container);
      const what = seen.ok ? faultOf(seen.value) : undefined;
      if (!seen.ok || what === undefined) return undefined;
      const lines = await lastLinesIn(container);
      return fail(
        'restart-failed',
        `${holder}: ${called} ${what}${lines ? `; it wrote last: ${lines}` : ''}`,
        `see \`${engine} logs ${name}\` on the node`,
      ).failure;
    },

    async problems() {
      const seen = await lookAtContainer(container);
      if (seen.ok) {
        const deaf = leastGraceMs > 0 ? stopFault(seen.value) : undefined;
        const hint = 'make the container anew with --stop-signal SIGTERM';
        return [
          ...(deaf ? [fail('restart-unusable', `${holder}: ${called} ${deaf}`, hint).failure] : []),
          ...(await mountedAlone(seen.value, { holder, called, paths })),
        ];
      }
      const { message, hint } = seen.failure;
      return [fail('restart-unusable', `${holder}: ${called} cannot be looked at: ${message}`, hint).failure];
    },
  };
}

/** A file that is a mount of its own keeps its inode: a swap would not be seen (facts: etcd, section 7). */
async function mountedAlone(
  { mounts }: ContainerSeen,
  { holder, called, paths }: Pick<Driven, 'holder' | 'paths'> & { called: string },
): Promise<Failure[]> {
  const ways = async (path: string) => [await place(path), await realpath(path).catch(() => path)];
  const sources = new Map(
    (
      await Promise.all(
        mounts.map(async (mount) => (await ways(mount.source)).map((way) => [way, mount] as const)),
      )
    ).flat(),
  );
  const found = await Promise.all(
    paths.map(async (path) => {
      const mount = (await ways(path)).map((way) => sources.get(way)).find(Boolean);
      if (!mount) return [];
      return fail(
        'single-file-mount',
        `${holder}: ${path} is mounted on its own into the ${called}, as ${mount.destination}, so that its process would not see another file there`,
        'mount the folder instead of the file',
      ).failure;
    }),
  );
  return found.flat();
}
