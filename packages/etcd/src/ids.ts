import type { EtcdId } from '@etcd-rotate/protocol';

/** etcd3 gives ids as decimal strings; etcdctl, the logs, the metrics and we write them in hex. */
export function toHex(decimal: string): EtcdId {
  return BigInt(decimal).toString(16);
}

export function toDecimal(id: EtcdId): string {
  return BigInt(`0x${id}`).toString();
}
