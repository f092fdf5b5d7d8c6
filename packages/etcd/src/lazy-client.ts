import { noop } from 'cockatiel';
import type { Etcd3 } from 'etcd3';
import { revealed } from './key-pair.ts';
import type { MemberTarget } from './member.ts';

export interface LazyClient {
  get(): Promise<Etcd3>;
  close(): void;
}

/**
 * etcd3 is loaded at the first call in the process: parsing its protocol takes some 150 ms, which those who only dial
 * need not pay. The agent calls this when it starts, so that no gate pays either.
 */
export async function loadEtcdClient(): Promise<typeof import('etcd3')> {
  return import('etcd3');
}

export function lazyClient(target: MemberTarget & { deadlineMs: number }): LazyClient {
  let client: Promise<Etcd3> | undefined;
  let closed = false;
  return {
    get: () => {
      if (closed) throw new Error(`the client of ${target.endpoint} is closed`);
      client ??= newClient(target);
      return client;
    },
    close: () => {
      closed = true;
      client?.then(
        (opened) => opened.close(),
        () => undefined,
      );
    },
  };
}

async function newClient({ endpoint, ca, cert, key, deadlineMs }: MemberTarget & { deadlineMs: number }) {
  const { Etcd3 } = await loadEtcdClient();
  return new Etcd3({
    hosts: endpoint,
    credentials: {
      rootCertificate: Buffer.from(ca),
      certChain: Buffer.from(cert),
      privateKey: Buffer.from(revealed(key)),
    },
    // Its own tries and breaker would hide what went wrong (facts: toolchain, section 7).
    faultHandling: { host: () => noop, global: noop },
    defaultCallOptions: ({ isStream }) => (isStream ? {} : { deadline: Date.now() + deadlineMs }),
    // A proxy named in the environment of a service is no way to one particular member.
    grpcOptions: { 'grpc.enable_http_proxy': 0, 'grpc.enable_retries': 0 },
  });
}
