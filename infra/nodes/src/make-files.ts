import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { binaries, type KeyPair, makeCertificates, readPair } from '@etcd-rotate/lab';
import type { FleetFiles } from './layout.ts';

export interface FileOptions {
  keys?: 'rsa' | 'ecdsa';
  oneCa?: boolean;
  auth?: boolean;
}

/**
 * The certificates of a fleet by cfssl, in folders that are copied to its nodes.
 *
 * @returns a client leaf that no slot holds
 */
export async function makeFiles(
  files: FleetFiles,
  { keys = 'ecdsa', oneCa = false, auth }: FileOptions,
): Promise<KeyPair> {
  const folders = [
    files.ca,
    ...files.members.flatMap(({ server, agentClient }) => [dirname(server.cert), dirname(agentClient.cert)]),
    ...files.clients.map(({ folder }) => folder),
  ];
  for (const folder of folders) mkdirSync(folder, { recursive: true, mode: 0o755 });
  const { client } = await makeCertificates(files, {
    keys,
    oneCa,
    cfssl: binaries().cfssl,
    ...(auth && { agentCommonName: 'root' }),
  });
  return readPair(client);
}
