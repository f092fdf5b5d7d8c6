import type {
  Domain,
  FleetCluster,
  HolderId,
  KnownCertificate,
  LeafChange,
  Names,
  Profile,
  Slot,
} from '@etcd-rotate/protocol';

/** What leaves will say otherwise than those observed, by `holder slot`: as the fleet file says. */
export function leafChangesOf({ members, clients }: FleetCluster): Record<string, LeafChange> {
  const ofMembers = members.flatMap(({ name, addNames, dropNames, commonName }) =>
    (['client', 'peer'] as const).map((domain): [string, LeafChange] => [
      leafKey(`member/${name}`, leafSlots[domain]),
      {
        addNames: addNames?.[domain] ?? none,
        dropNames: dropNames?.[domain] ?? none,
        ...(commonName?.[domain] !== undefined && { commonName: commonName[domain] }),
      },
    ]),
  );
  const ofClients = clients.flatMap(({ name, commonName }): [string, LeafChange][] =>
    commonName === undefined
      ? []
      : [[leafKey(`client/${name}`, 'client-leaf'), { ...unchanged, commonName }]],
  );
  const saysSomething = ([, { addNames, dropNames, commonName }]: [string, LeafChange]): boolean =>
    [addNames, dropNames].some(({ dns, ip }) => dns.length + ip.length > 0) || commonName !== undefined;
  return Object.fromEntries([...ofMembers, ...ofClients].filter(saysSomething));
}

export function leafKey(holder: HolderId, slot: Slot): string {
  return `${holder} ${slot}`;
}

const leafSlots = { client: 'server-leaf', peer: 'peer-leaf' } as const satisfies Record<Domain, Slot>;
const none: Names = { dns: [], ip: [] };
export const unchanged: LeafChange = { addNames: none, dropNames: none };

/** Whether a leaf has the kind of key, the names and the common name that a new one would get. */
export function isAsWanted({ facts }: KnownCertificate, change: LeafChange, { leaf }: Profile): boolean {
  const { addNames, dropNames, commonName } = change;
  const has = (kind: 'dns' | 'ip', name: string): boolean =>
    facts.names[kind].some((one) => one.toLowerCase() === name.toLowerCase());
  const kinds = ['dns', 'ip'] as const;
  return (
    (leaf.key === undefined || facts.keyKind === leaf.key) &&
    (commonName === undefined || facts.commonName === commonName) &&
    kinds.every((kind) =>
      addNames[kind].every((name) => has(kind, name) || dropped(dropNames, kind, name)),
    ) &&
    kinds.every((kind) => !dropNames[kind].some((name) => has(kind, name)))
  );
}

function dropped(dropNames: Names, kind: 'dns' | 'ip', name: string): boolean {
  return dropNames[kind].some((one) => one.toLowerCase() === name.toLowerCase());
}

/**
 * Whether a new leaf would outlive this one by a tenth of its validity or more. One that lasts as long as its CA cannot be
 * bettered.
 */
export function isDue(
  leaf: KnownCertificate,
  {
    issuer,
    profile,
    now,
  }: {
    issuer: KnownCertificate;
    profile: Profile;
    now: string;
  },
): boolean {
  const { validity } = profile.leaf;
  const best = Math.min(Date.parse(issuer.facts.notAfter), Date.parse(now) + validity);
  return best - Date.parse(leaf.facts.notAfter) >= validity / 10;
}
