import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeJson } from './clients/client-config.ts';
import type { SamplerConfig, SamplerReport } from './clients/sampler-config.ts';
import type { Layout } from './layout.ts';
import { makeService, type Service } from './services.ts';
import { until } from './until.ts';

/** Measures what restarts themselves cost; see clients/sampler.ts. */
export interface Sampler {
  start(): Promise<void>;
  stop(): Promise<SamplerReport>;
}

export function makeSampler(layout: Layout, etcd: (member: string) => Service): Sampler {
  const file = (name: string): string => join(layout.folder, `sampler-${name}.json`);
  const service = makeService(layout.services, 'sampler', [
    process.execPath,
    join(import.meta.dirname, 'clients', 'sampler.ts'),
    file('config'),
  ]);
  const [first] = layout.members;
  const [writer] = layout.clients;
  return {
    async start() {
      for (const old of ['report', 'ready']) rmSync(file(old), { force: true });
      const files = writer ? { ...writer.pair, ca: writer.ca } : first?.agentClient;
      if (!files) throw new Error('a lab without members');
      writeJson(file('config'), {
        members: layout.members.map(({ name, clientUrl }) => ({
          name,
          endpoint: clientUrl,
          restartsFile: etcd(name).restartsFile,
        })),
        files,
        readyFile: file('ready'),
        reportFile: file('report'),
      } satisfies SamplerConfig);
      await service.start();
      await until('the sampler follows the restarts', () => existsSync(file('ready')));
    },
    async stop() {
      await service.stop();
      return JSON.parse(readFileSync(file('report'), 'utf8')) as SamplerReport;
    },
  };
}
