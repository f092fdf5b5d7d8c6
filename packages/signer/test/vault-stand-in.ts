// A STAND-IN for HashiCorp Vault, which is in no package mirror that the tests can use. It speaks what Vault documents of its
// HTTP API for `POST /v1/<mount>/sign/<role>` of the PKI secrets engine, as far as we use it, and signs with this project's own
// pki package. What it shows is that we ask as documented and look at the answer; that a real Vault answers like this, it
// cannot show.

import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type Csr, nameFrom, readCsr, signLeaf } from '@etcd-rotate/pki';
import type { Names, Usage } from '@etcd-rotate/protocol';
import type { CaFilesForTest } from './an-outside-ca.ts';

export interface VaultStandIn extends AsyncDisposable {
  url: string;
  token: string;
  issued(): number;
  /** What it was asked, with its headers. */
  asked: { path: string; headers: IncomingMessage['headers']; body: Record<string, unknown> }[];
  /** Answers nothing but this, until it is called without. */
  seal(status?: number): void;
}

interface Role {
  server_flag: boolean;
  client_flag: boolean;
  max_ttl: number;
  /** Instead of what was asked for. */
  ttl?: number;
  use_csr_sans?: boolean;
  organization?: string;
}

const month = 30 * 86_400;
const roles: Record<string, Role> = {
  member: { server_flag: true, client_flag: true, max_ttl: month },
  client: { server_flag: false, client_flag: true, max_ttl: month },
  'too-long': { server_flag: true, client_flag: true, max_ttl: 12 * month, ttl: 12 * month },
  'other-names': { server_flag: true, client_flag: true, max_ttl: month, use_csr_sans: false },
  'other-subject': { server_flag: true, client_flag: true, max_ttl: month, organization: 'Example' },
};

export async function aVaultStandIn(ca: CaFilesForTest): Promise<VaultStandIn> {
  const token = 'hvs.a-token-for-tests';
  const asked: VaultStandIn['asked'] = [];
  let issued = 0;
  let sealed: number | undefined;

  const answer = (request: IncomingMessage, text: string): [number, object] => {
    const path = request.url ?? '';
    const body = JSON.parse(text) as Record<string, unknown>;
    asked.push({ path, headers: request.headers, body });
    if (sealed !== undefined) return [sealed, { errors: ['Vault is sealed'] }];
    if (request.headers['x-vault-token'] !== token) return [403, { errors: ['permission denied'] }];
    const name = /^\/v1\/corp\/pki\/sign\/([^/]+)$/.exec(path)?.[1];
    if (request.method !== 'POST' || name === undefined) return [404, { errors: [] }];
    const role = roles[decodeURIComponent(name)];
    if (!role) return [400, { errors: [`unknown role: ${name}`] }];
    const csr = readCsr(String(body.csr));
    if (!csr.ok) return [400, { errors: ['certificate request could not be parsed'] }];
    const ttl = Number(/^(\d+)s$/.exec(String(body.ttl))?.[1]);
    if (!(ttl > 0)) return [400, { errors: ['error parsing ttl'] }];
    if (body.format !== 'pem' || body.exclude_cn_from_sans !== true)
      return [400, { errors: ['not as asked'] }];
    issued += 1;
    const certificate = issue(ca, { csr: csr.value, role, ttl, body });
    return [200, { request_id: 'r', data: { certificate, issuing_ca: ca.certificate.pem }, warnings: null }];
  };

  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    request.on('end', () => {
      const [status, json] = answer(request, text);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    token,
    asked,
    issued: () => issued,
    seal: (status) => {
      sealed = status;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Subject and usages from the role, names from the request where the role lets it say them, life within the role's. */
function issue(
  ca: CaFilesForTest,
  { csr, role, ttl, body }: { csr: Csr; role: Role; ttl: number; body: Record<string, unknown> },
): string {
  const { organization } = role;
  const usages: Usage[] = [];
  if (role.server_flag) usages.push('serverAuth');
  if (role.client_flag) usages.push('clientAuth');
  const seconds = Math.min(role.ttl ?? ttl, role.max_ttl);
  const given: Names = { dns: ['from-the-role'], ip: [] };
  const commonName = typeof body.common_name === 'string' ? { commonName: body.common_name } : {};
  return signLeaf({
    csr,
    ca,
    subject: nameFrom({ ...commonName, ...(organization !== undefined && { organization }) }),
    names: role.use_csr_sans === false ? given : csr.names,
    usages,
    notBefore: new Date(Date.now() - 30_000),
    notAfter: new Date(Date.now() + seconds * 1000),
  }).pem;
}
