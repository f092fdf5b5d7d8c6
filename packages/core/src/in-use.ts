import type { KnownCertificate, SlotOnDisk } from '@etcd-rotate/protocol';

export type BundleOnDisk = Extract<SlotOnDisk, { bundle: unknown }>;

/**
 * The CAs that the process of a bundle is known to have loaded, or nothing where that is not known. A process that was
 * started after the last write has what lies there, unless its port lists other names (a block that etcd does not read);
 * what a port lists is known by name, where exactly one certificate has that name.
 *
 * @param known every CA that lies in any bundle of the cluster
 */
export function inUse(
  { bundle, loaded, listed }: BundleOnDisk,
  known: readonly KnownCertificate[],
): readonly KnownCertificate[] | undefined {
  if (listed === undefined) return loaded ? bundle : undefined;
  const names = new Set(listed);
  if (loaded && sameNames(names, bundle)) return bundle;
  const found: KnownCertificate[] = [];
  for (const name of names) {
    const [only, ...more] = distinct(known.filter(({ facts }) => facts.subject === name));
    if (!only || more.length > 0) return undefined;
    found.push(only);
  }
  return found;
}

function sameNames(names: ReadonlySet<string>, bundle: readonly KnownCertificate[]): boolean {
  const onDisk = new Set(bundle.map(({ facts }) => facts.subject));
  return onDisk.size === names.size && [...names].every((name) => onDisk.has(name));
}

function distinct(certificates: readonly KnownCertificate[]): KnownCertificate[] {
  return [...new Map(certificates.map((one) => [one.facts.fingerprint, one])).values()];
}
