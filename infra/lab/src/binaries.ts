// Where the etcd, cfssl and nats-server are that a lab runs: what infra/binaries.sh unpacked, unless the environment
// names others.
//
//   ETCD_BIN         a folder with etcd and etcdctl, used for every version, or one with etcd-3.4/ and etcd-3.5/ in it
//   CFSSL_BIN        a folder with cfssl and cfssljson
//   NATS_SERVER_BIN  the nats-server
//
// A file instead of a folder (ETCD_BIN=/usr/bin/etcd) stands for the folder it is in.

import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export type EtcdVersion = '3.4' | '3.5';

export interface Binaries {
  etcd(version: EtcdVersion): { etcd: string; etcdctl: string };
  cfssl: string;
  cfssljson: string;
  natsServer: string;
}

const unpacked = resolve(import.meta.dirname, '../../../.cache/bin');

/** Each is looked for when it is asked for: a lab without cfssl needs none. */
export function binaries(environment: NodeJS.ProcessEnv = process.env): Binaries {
  const cfsslFolder = folder(environment.CFSSL_BIN) ?? unpacked;
  return {
    etcd(version) {
      const here = etcdFolder(environment.ETCD_BIN, version);
      const hint = `install Debian's etcd-server and etcd-client and set ETCD_BIN`;
      return { etcd: runnable(join(here, 'etcd'), hint), etcdctl: runnable(join(here, 'etcdctl'), hint) };
    },
    get cfssl() {
      return runnable(join(cfsslFolder, 'cfssl'), `install Debian's golang-cfssl and set CFSSL_BIN`);
    },
    get cfssljson() {
      return runnable(join(cfsslFolder, 'cfssljson'), `install Debian's golang-cfssl and set CFSSL_BIN`);
    },
    get natsServer() {
      const file = environment.NATS_SERVER_BIN || join(unpacked, 'nats-server');
      return runnable(file, `install Debian's nats-server and set NATS_SERVER_BIN`);
    },
  };
}

function etcdFolder(named: string | undefined, version: EtcdVersion): string {
  const parent = folder(named) ?? unpacked;
  const ofVersion = join(parent, `etcd-${version}`);
  return parent === unpacked || existsSync(ofVersion) ? ofVersion : parent;
}

function folder(path: string | undefined): string | undefined {
  if (!path) return undefined;
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? dirname(path) : path;
}

function runnable(file: string, hint: string): string {
  try {
    accessSync(file, constants.X_OK);
    return file;
  } catch {
    throw new Error(`no program at ${file}: run "npm run binaries", or ${hint}`);
  }
}
