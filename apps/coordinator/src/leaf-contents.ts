import { type Certificate, canonicalIp, type RawName, subjectOf, withCommonName } from '@etcd-rotate/pki';
import { type HolderId, type Names, type Plan, type Slot, slots, Usage } from '@etcd-rotate/protocol';

/** What a leaf that is to be made says of its holder. */
export interface LeafContents {
  subject: RawName;
  names: Names;
  usages: Usage[];
}

/**
 * As the present leaf, with what the plan changes. Where one file serves several slots of a holder, the leaf in it is that
 * of all of them.
 */
export function leafContents(
  present: Certificate,
  plan: Pick<Plan, 'leafChanges'>,
  { holder, slots: own }: { holder: HolderId; slots: readonly Slot[] },
): LeafContents {
  const changes = own.flatMap((slot) => plan.leafChanges[`${holder} ${slot}`] ?? []);
  const commonName = changes.find((change) => change.commonName !== undefined)?.commonName;
  const subject = subjectOf(present);
  const observed = Usage.options.filter((usage) => present.facts.usages.includes(usage));
  const needed = Usage.options.filter((usage) => own.some((slot) => slots[slot].usages.includes(usage)));
  return {
    subject: commonName === undefined ? subject : withCommonName(subject, commonName),
    names: namesAfter(
      [present.facts.names, ...changes.map(({ addNames }) => addNames)],
      changes.map(({ dropNames }) => dropNames),
    ),
    // A leaf that says nothing of its use may be used for anything: the new one says what it is for.
    usages: observed.length > 0 ? observed : needed,
  };
}

function namesAfter(there: readonly Names[], dropped: readonly Names[]): Names {
  const of = (kind: 'dns' | 'ip'): string[] => {
    const same = kind === 'dns' ? sameHost : sameAddress;
    const gone = new Set(dropped.flatMap((names) => names[kind].map(same)));
    const stay = there.flatMap((names) => names[kind]).filter((name) => !gone.has(same(name)));
    // Each once, as it was written first.
    return [...new Map(stay.toReversed().map((name) => [same(name), name])).values()].toReversed();
  };
  return { dns: of('dns'), ip: of('ip') };
}

function sameHost(name: string): string {
  return name.toLowerCase();
}

function sameAddress(address: string): string {
  return canonicalIp(address) ?? address;
}
