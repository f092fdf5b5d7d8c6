import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filled } from './filled.ts';
import type { Tree } from './tree.ts';

/** Each program by its name, with what Node is told before it starts. */
const programs = [
  // It mostly waits, beside an etcd that wants the memory: 78 MiB instead of 110, for a quarter of a second of a core more in
  // a rotation.
  { app: 'agent', program: 'etcd-rotate-agent', flags: '--max-semi-space-size=1 --lite-mode ' },
  { app: 'coordinator', program: 'etcd-rotate-coordinator', flags: '' },
  { app: 'rotate', program: 'rotate', flags: '' },
];

/** What an installation puts on a machine, by path below `/`. */
export function systemFiles(root: string, { node, notices }: { node: string; notices: string }): Tree {
  const from = (path: string): { copy: string } => ({ copy: join(root, path) });
  const text = (path: string): string => readFileSync(join(root, path), 'utf8');
  const wrapper = text('infra/package/wrapper.sh');
  const lib = 'usr/lib/etcd-rotate';
  const doc = 'usr/share/doc/etcd-rotate';
  return {
    [`${lib}/node`]: { copy: join(node, 'bin/node'), mode: 0o755 },
    [`${lib}/own-alone`]: { copy: join(root, 'infra/package/own-alone.sh'), mode: 0o755 },
    ...Object.fromEntries(
      programs.flatMap(({ app, program, flags }) => [
        [`${lib}/${program}.mjs`, from(`apps/${app}/dist/${program}.mjs`)],
        [
          `usr/bin/${program}`,
          { text: filled(wrapper, { PROGRAM: program, FLAGS: flags }), mode: 0o755 as const },
        ],
      ]),
    ),
    ...Object.fromEntries(
      ['etcd-rotate-agent', 'etcd-rotate-coordinator'].map((unit) => [
        `usr/lib/systemd/system/${unit}.service`,
        from(`infra/systemd/${unit}.service`),
      ]),
    ),
    'usr/lib/sysusers.d/etcd-rotate.conf': from('infra/systemd/sysusers.conf'),
    'usr/lib/tmpfiles.d/etcd-rotate.conf': from('infra/systemd/tmpfiles.conf'),
    [`${doc}/install.md`]: from('docs/install.md'),
    [`${doc}/copyright`]: from('LICENSE'),
    [`${doc}/LICENSE.node`]: { copy: join(node, 'LICENSE') },
    [`${doc}/THIRD-PARTY-NOTICES`]: { text: notices },
  };
}
