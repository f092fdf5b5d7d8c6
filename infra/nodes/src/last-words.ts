import type { Machine } from './machine.ts';

/** The last lines that the units of interest said on each machine: for whoever looks at a test that failed. */
export async function lastWords(machines: readonly Machine[], lines = 25): Promise<string> {
  const each = await Promise.all(
    machines.map(async (machine) => {
      const units = [
        'etcd.service',
        'etcd-rotate-*',
        'nats-server.service',
        'writer.service',
        'watcher.service',
      ];
      const flags = units.map((unit) => `--unit=${unit}`);
      const said = await machine
        .run(['journalctl', '--no-pager', '--output=short-iso', `--lines=${lines}`, ...flags])
        .catch((error: unknown) => ({ stdout: String(error) }));
      return `--- ${machine.name}\n${said.stdout}`;
    }),
  );
  return each.join('\n');
}
