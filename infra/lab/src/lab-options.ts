import type { EtcdVersion } from './binaries.ts';
import type { PolicyText, ProfileText } from './configuration.ts';
import type { OneFile } from './layout.ts';

export interface LabOptions {
  members: 1 | 3 | 5;
  etcd: EtcdVersion;
  keys: 'rsa' | 'ecdsa';
  /** One CA for both trust domains. */
  oneCa: boolean;
  /** Declares and starts writer and watcher; true unless said. */
  load?: boolean;
  /** Starts coordinator and agents; true unless said. */
  control?: boolean;
  /** With two, they share a journal in a nats-server that is neither's; one unless said. */
  coordinators?: 1 | 2;
  /** How long nobody else leads after the leader was last heard of, of two coordinators; `2s` unless said. */
  lease?: string;
  /** Of the fleet file, as written there. */
  policy?: PolicyText;
  profile?: ProfileText;
  /** Gives the first CAs to the coordinator before it starts: `client-ca` and `peer-ca`, with one CA `etcd-ca`. */
  adoptCas?: boolean;
  /** For every member, besides its own: `--client-cert-allowed-hostname=writer`. */
  etcdFlags?: string[];
  /** Of the leaves of the agents' own clients, and so of etcdctl; under etcd auth the user that they are. */
  agentCommonName?: string;
  /** Of the leaves of writer and watcher. */
  clientCommonName?: string;
  /** Of every peer leaf, instead of the member's own name: what --peer-cert-allowed-cn asks for. */
  peerCommonName?: string;
  /** DNS names of every leaf that the client port is dialled with: what --client-cert-allowed-hostname asks for. */
  clientHosts?: string[];
  /** What is one file for both ports of a member, as kubeadm has its bundle; wants one CA. */
  oneFile?: OneFile;
  /** Must not exist or be empty; a new one under the temporary folder unless said. */
  folder?: string;
  /** Such as `127.41.7`; a free one unless said. */
  addressBase?: string;
  /** Told what is being done, a phrase a time. */
  onProgress?: (what: string) => void;
}
