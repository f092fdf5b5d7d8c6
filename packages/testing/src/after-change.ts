import { type Certificate, type RawName, subjectOf, withCommonName } from '@etcd-rotate/pki';
import type { LeafChange, Names } from '@etcd-rotate/protocol';

/** What a new leaf says where the fleet file wants something changed. */
export function namesAfter(names: Names, { addNames, dropNames }: LeafChange): Names {
  const after = (kind: 'dns' | 'ip'): string[] => {
    const all = [...new Set([...names[kind], ...addNames[kind]])];
    return all.filter((name) => !dropNames[kind].includes(name));
  };
  return { dns: after('dns'), ip: after('ip') };
}

export function subjectAfter(leaf: Certificate, { commonName }: LeafChange): RawName {
  return commonName === undefined ? subjectOf(leaf) : withCommonName(subjectOf(leaf), commonName);
}
