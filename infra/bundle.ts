// One entry file and all it imports, as one file for Node 22 that needs nothing beside it.

import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { type InputOptions, type Plugin, rolldown } from 'rolldown';

const banner = '#!/usr/bin/env node';

/** Returns the size of what was written. */
export async function bundle(entry: string, outfile: string): Promise<number> {
  await using build = await rolldown(inputOf(entry));
  const { output } = await build.write({
    file: outfile,
    format: 'esm',
    banner,
    codeSplitting: false,
    sourcemap: false,
    // The lines of a stack trace stay readable; of comments those stay that name a licence. A running program keeps its text
    // in memory.
    minify: false,
    comments: { legal: true, annotation: false, jsdoc: false },
  });
  return output.reduce((sum, part) => sum + (part.type === 'chunk' ? Buffer.byteLength(part.code) : 0), 0);
}

/** The files that a bundle of this entry is made of, without those of which nothing is left in it. */
export async function bundledFiles(entry: string): Promise<string[]> {
  await using build = await rolldown(inputOf(entry));
  const { output } = await build.generate({ format: 'esm', codeSplitting: false });
  return output.flatMap((part) => (part.type === 'chunk' ? part.moduleIds : []));
}

function inputOf(entry: string): InputOptions {
  return {
    input: entry,
    platform: 'node',
    transform: { target: 'node22' },
    plugins: [inlineEtcdProtocol()],
    // A dependency that cannot be found must not become an import that fails on some server.
    onLog(level, log, report) {
      if (level === 'warn' && log.code === 'UNRESOLVED_IMPORT') throw new Error(log.message);
      report(level, log);
    },
  };
}

/**
 * etcd3 reads its .proto files from its own folder when it is loaded. Here they are read when it is bundled: its one
 * `loadSync(file, options)` becomes `fromJSON(parsed file, options)`, which is what loadSync does with the parsed file.
 */
function inlineEtcdProtocol(): Plugin {
  const load =
    /\(0, proto_loader_1\.loadSync\)\(`\$\{__dirname\}\/\.\.\/proto\/rpc\.proto`, \{\s*keepCase: true,/;
  return {
    name: 'inline-etcd-protocol',
    transform: {
      filter: { id: /\/etcd3\/lib\/connection-pool\.js$/ },
      handler(code, id) {
        if (!load.test(code))
          throw new Error('etcd3 loads its protocol in another way than this build expects');
        const parsed = JSON.stringify(parseProtocol(id));
        return { code: code.replace(load, () => `(0, proto_loader_1.fromJSON)(${parsed}, {`), map: null };
      },
    },
  };
}

interface Protobufjs {
  Root: new () => { loadSync(file: string, options: { keepCase: true }): { toJSON(): object } };
}

/** Parsed by the protobufjs that etcd3 itself would use. */
function parseProtocol(etcd3Module: string): object {
  const protoLoader = createRequire(etcd3Module).resolve('@grpc/proto-loader');
  const { Root } = createRequire(protoLoader)('protobufjs') as Protobufjs;
  return new Root()
    .loadSync(resolve(dirname(etcd3Module), '../proto/rpc.proto'), { keepCase: true })
    .toJSON();
}
