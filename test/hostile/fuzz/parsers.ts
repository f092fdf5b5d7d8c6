import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createNkey,
  createSigningKey,
  createTokenKey,
  decode,
  type Kind,
  readToken,
  sign,
  verify,
  writeToken,
} from '@etcd-rotate/bus';
import { openNodeState } from '@etcd-rotate/host';
import { certificateFromDer, readCertificate, readCertificates, readCrl, readCsr } from '@etcd-rotate/pki';
import { AgentFile, CoordinatorFile, FleetFile, type Result, Secret } from '@etcd-rotate/protocol';
import { readAck } from '../../../packages/bus/src/ack.ts';
import { readUnsigned } from '../../../packages/bus/src/codec.ts';
import { whyUnsafeSettings } from '../../../packages/bus/src/jetstream/safe-settings.ts';
import { aCommand, aReply, aRequest, aResult } from '../../../packages/bus/src/messages.fixture.ts';
import { readIdentity, readYaml } from '../../../packages/daemon/src/index.ts';
import { alarmsIn } from '../../../packages/etcd/src/answers.ts';
import { readMetrics } from '../../../packages/etcd/src/metrics.ts';
import { serverHelloReader } from '../../../packages/etcd/src/server-hello.ts';
import {
  fromArguments,
  fromConfigText,
  fromEnvironment,
} from '../../../packages/host/src/effective-flags.ts';
import { readManifest } from '../../../packages/host/src/manifest.ts';
import { openReloads } from '../../../packages/host/src/reloads.ts';
import { link, readLine, start } from '../../../packages/journal/src/chain.ts';
import { readAdoption } from '../../../packages/signer/src/adoption.ts';
import { readCaFile } from '../../../packages/signer/src/ca-file.ts';
import { crlOf } from '../../crl.ts';
import { aCa, aLeaf } from '../../lab-pki.ts';
import { aKey, aRequestFor } from '../certificate-request.ts';

/** Something that reads bytes of others. It throws where it has a fault. */
export interface Parser {
  name: string;
  /** Valid inputs, to be changed. */
  samples: Uint8Array[];
  read(bytes: Uint8Array): void | Promise<void>;
}

export interface Parsers extends AsyncDisposable {
  all: Parser[];
}

/** Every parser of outside bytes; those that read files do so in a folder of their own. */
export async function parsers(): Promise<Parsers> {
  const folder = mkdtempSync(join(tmpdir(), 'etcd-rotate-fuzz-'));
  return {
    all: [...messages(), ...certificates(), ...files(folder), ...texts()],
    async [Symbol.asyncDispose]() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function messages(): Parser[] {
  const { privateKey, publicKey } = createSigningKey();
  const samples: Record<Kind, unknown[]> = {
    command: [aCommand(), aCommand({ body: { type: 'request', leaves: [], canaries: ['client'] } })],
    result: [aResult(), aResult({ outcome: { ok: true, value: { type: 'proven', proofs: [], looks: [] } } })],
    request: [aRequest(), aRequest({ body: { type: 'journal', after: 1, waitMs: 2 } })],
    reply: [aReply()],
    join: [{ v: 1, id: 'a', fleet: 'lab', node: 'm1', publicKey, token: publicKey, proof: 'x' }],
    'join-reply': [{ v: 1, id: 'a', outcome: { ok: false, failure: {} } }],
  };
  const decoders = (Object.keys(samples) as Kind[]).map((kind) => ({
    name: `a signed ${kind}`,
    samples: samples[kind].map(json),
    read: (data: Uint8Array) =>
      isResult(decode(kind, { data, signature: sign(kind, data, privateKey) }, publicKey)),
  }));
  const data = json(aCommand());
  return [
    ...decoders,
    {
      name: 'an acknowledgement',
      samples: [bytes('+OK'), bytes('-{"code":"too-late","message":"m","hint":"h","retryable":true}')],
      read: (given) => isResult(readAck({ data: given })),
    },
    {
      name: 'a request to join, before its signature is known',
      samples: samples.join.map(json),
      read: (given) => isResult(readUnsigned('join', { data: given, signature: 'x' })),
    },
    {
      name: 'a join token',
      samples: [bytes(aToken(publicKey))],
      read: (given) => isResult(readToken(text(given))),
    },
    {
      name: 'a signature',
      samples: [bytes(sign('command', data, privateKey))],
      read: (given) =>
        isOneOf(typeof verify('command', { data, signature: text(given) }, publicKey), ['boolean']),
    },
    {
      name: 'what a nats-server says of itself',
      samples: [json({ version: '2.10.27', jetstream: { config: { sync_always: true } } })],
      read: (given) => isOneOf(typeof whyUnsafeSettings(parsed(given)), ['string', 'undefined']),
    },
  ];
}

function aToken(coordinatorKey: string): string {
  const about = { fleet: 'lab', node: 'm1', expiresAt: '2026-11-24T03:00:00.000Z', servers: ['tls://a:1'] };
  const { key } = createTokenKey();
  return writeToken({
    ...about,
    natsCa: aCa('NATS').certificate.pem,
    coordinatorKey,
    joiningSeed: createNkey().seed,
    key,
  });
}

function certificates(): Parser[] {
  const ca = aCa('A CA to fuzz');
  const leaf = aLeaf(ca, { names: { dns: ['m1.example.com'], ip: ['127.0.0.1', '::1'] } });
  const pem = [ca.certificate.pem, ca.certificate.pem + leaf.certificate.pem].map(bytes);
  const der = [ca.certificate.der, leaf.certificate.der];
  const crl = crlOf(['0102', '7f03']);
  const csr = aRequestFor({ subject: leaf.certificate.parts.subject, key: aKey() });
  return [
    { name: 'a bundle', samples: pem, read: (given) => isResult(readCertificates(text(given))) },
    { name: 'a certificate in PEM', samples: pem, read: (given) => isResult(readCertificate(text(given))) },
    {
      name: 'a certificate in DER',
      samples: der,
      read: (given) => isResult(certificateFromDer(Buffer.from(given))),
    },
    { name: 'a certificate request', samples: [bytes(csr)], read: (given) => isResult(readCsr(text(given))) },
    {
      name: 'a certificate request in DER',
      samples: [inDer(csr)],
      read: (given) =>
        isResult(
          readCsr(
            `-----BEGIN CERTIFICATE REQUEST-----\n${base64(given)}\n-----END CERTIFICATE REQUEST-----\n`,
          ),
        ),
    },
    { name: 'a CRL', samples: [bytes(crl), inDer(crl)], read: (given) => isResult(readCrl(given)) },
    {
      name: 'a CA and its key to adopt',
      samples: [bytes(ca.key.reveal())],
      read: (given) =>
        isResult(readAdoption({ name: 'a', certificate: ca.certificate.pem, key: new Secret(text(given)) })),
    },
    {
      name: 'what a TLS server says',
      samples: [hello],
      read: (given) => isOneOf(serverHelloReader()(Buffer.from(given)).type, ['more', 'done', 'garbled']),
    },
  ];
}

function files(folder: string): Parser[] {
  const pinned = createSigningKey().publicKey;
  const at = (name: string): string => join(folder, name);
  const yaml = (name: string, schema: Parameters<typeof readYaml>[0], sample: object): Parser => ({
    name,
    samples: [json(sample), bytes('version: 1\nfleet: &a lab\nclusters: [*a, {name: b}]\n')],
    async read(given) {
      writeFileSync(at('a.yaml'), given);
      isResult(await readYaml(schema, at('a.yaml')));
    },
  });
  const line = link(start, {
    body: { type: 'lead', version: '1' },
    at: '2026-11-24T03:00:00.000Z',
    epoch: 1,
  });
  const identity = {
    ...{ version: 1, fleet: 'lab', kind: 'node', name: 'm1', signingKey: 'PRIVATE KEY', coordinatorKey: 'x' },
    nats: { servers: ['tls://a:1'], ca: 'BEGIN CERTIFICATE', nkeySeed: 'SU' },
  };
  return [
    yaml('fleet.yaml', FleetFile, {
      version: 1,
      fleet: 'lab',
      clusters: [{ name: 'a', members: [{ name: 'm1', node: 'm1' }] }],
    }),
    yaml('coordinator.yaml', CoordinatorFile, {
      version: 1,
      passphrase: { file: 'a' },
      nats: { embedded: { listen: 'a:1' } },
    }),
    yaml('agent.yaml', AgentFile, { version: 1, node: 'm1', members: [], clients: [] }),
    {
      name: 'an identity file',
      samples: [json(identity)],
      async read(given) {
        writeFileSync(at('identity.json'), given, { mode: 0o600 });
        isResult(await readIdentity(at('identity.json')));
      },
    },
    {
      name: 'a line of the journal',
      samples: line.ok ? [bytes(line.value.line)] : [],
      read: (given) => isResult(readLine(start, Buffer.from(given))),
    },
    {
      name: 'the file of a CA',
      samples: [
        json({
          version: 1,
          name: 'a',
          certificate: aCa('x').certificate.pem,
          key: { wrapped: {}, sealed: {} },
          createdAt: '2026-11-24T03:00:00.000Z',
        }),
      ],
      read: (given) => isResult(readCaFile(text(given), 'a file')),
    },
    {
      name: "an agent's memory",
      samples: [json({ 'r1.s1.1.request': { contents: 'a', outcome: { ok: true } } }), bytes('12\n')],
      async read(given) {
        writeFileSync(at('commands.json'), given);
        writeFileSync(at('epoch'), given);
        const { fault } = await openNodeState(folder, pinned);
        isOneOf(typeof fault, ['object', 'undefined']);
      },
    },
    {
      name: 'the reloads of a node',
      samples: [json({ 'a client/b': { pid: 1, startTicks: 2, at: { boot: 'b', ticks: 3 } } })],
      async read(given) {
        writeFileSync(at('reloads.json'), given);
        await openReloads(at('reloads.json'));
      },
    },
    {
      name: 'the manifest of a generation',
      samples: [json({ version: 1, madeBy: 'a', previous: 1, sha256: {}, since: {} })],
      async read(given) {
        writeFileSync(at('.manifest.json'), given);
        isResult(await readManifest(folder));
      },
    },
  ];
}

function texts(): Parser[] {
  const metrics = 'etcd_network_active_peers{Local="1",Remote="a1"} 1\nprocess_start_time_seconds 1.7e+09\n';
  return [
    {
      name: "etcd's metrics",
      samples: [bytes(metrics)],
      read: (given) => isResult(readMetrics(text(given), 'https://a:1')),
    },
    {
      name: "etcd's alarms",
      samples: [bytes('memberID:10501334649042878790 alarm:NOSPACE ')],
      read: (given) => isOneOf(typeof alarmsIn({ errors: text(given).split('\n') }), ['object']),
    },
    {
      name: "etcd's command line",
      samples: [bytes('etcd\0--name=m1\0--cert-file\0/a\0--client-cert-auth\0')],
      read: (given) => isOneOf(typeof fromArguments(text(given).split('\0').slice(1)), ['object']),
    },
    {
      name: "etcd's environment",
      samples: [bytes('ETCD_NAME=m1\0ETCD_CERT_FILE=/a\0PATH=/bin')],
      read: (given) => isOneOf(typeof fromEnvironment(text(given).split('\0')), ['object']),
    },
    {
      name: "etcd's configuration file",
      samples: [bytes('name: m1\nclient-transport-security: {cert-file: /a, client-cert-auth: yes}\n')],
      read(given) {
        try {
          fromConfigText(text(given));
        } catch (error) {
          // Whoever calls it makes a failure of any throw; only what is no Error would get past that.
          if (!(error instanceof Error)) throw new Error('threw what is no error');
        }
      },
    },
  ];
}

/** Our own value or our own failure. */
function isResult(result: Result<unknown>): void {
  if (result.ok === true) return;
  const { code, message } = result.failure;
  if (result.ok !== false || typeof code !== 'string' || typeof message !== 'string')
    throw new Error('neither a value nor a failure');
}

function isOneOf(value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) throw new Error(`gave ${value}`);
}

function json(value: unknown): Uint8Array {
  return bytes(JSON.stringify(value));
}

function parsed(given: Uint8Array): unknown {
  try {
    return JSON.parse(text(given));
  } catch {
    return undefined;
  }
}

function bytes(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function text(given: Uint8Array): string {
  return Buffer.from(given).toString();
}

function inDer(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
}

function base64(given: Uint8Array): string {
  return Buffer.from(given)
    .toString('base64')
    .replace(/.{1,64}/g, '$&\n')
    .trimEnd();
}

/** ServerHello and ServerHelloDone of TLS 1.2 in one record. */
const hello = Buffer.from(`160303002e0200002603030${'0'.repeat(63)}00c02f00000e000000`, 'hex');
