import { type Mutation, mutationsOf } from '../mutation.ts';

const core = 'packages/core/src';

/** Who would refuse whom, and what an etcd asks beyond a chain. */
export const trust: Mutation[] = [
  ...mutationsOf(`${core}/etcd-rules.ts`, [
    ['a listener lets in allowed names alone', '    notAllowed(leaf, rules, covers) ??\n', ''],
    [
      'a listener holds addresses against names',
      'rules.checksSource ? wrongSource(leaf, arrival, covers) : undefined',
      'undefined',
    ],
    [
      'addresses count only where the port looks at them',
      'rules.checksSource ? wrongSource(leaf, arrival, covers) : undefined',
      'wrongSource(leaf, arrival, covers)',
    ],
    ['a listener looks at its CRL', '    revoked(arrival.chain, rules)\n', '    undefined\n'],
    [
      'a dialler holds the host against the names',
      'rules.hosts.find((host) => !covers(leaf, host))',
      'undefined',
    ],
    ['a dialler may dial by any of the hosts', 'rules.hosts.find(', 'rules.hosts.slice(0, 1).find('],
    [
      'allowed names count for a dialler too',
      '  return notAllowed(leaf, rules, covers);',
      '  return undefined;',
    ],
    [
      'no common name is the empty one',
      "includes(leaf.facts.commonName ?? '')",
      "includes(leaf.facts.commonName ?? allowedCommonNames[0] ?? '')",
    ],
    ['one of the allowed hosts is enough', '!allowedHostnames.some(', '!allowedHostnames.every('],
    [
      'a leaf without names may come from anywhere',
      'if (dns.length + ip.length === 0) return undefined;',
      '',
    ],
    ['an address that is not known is refused', 'if (from.length === 0)\n', 'if (from.length < 0)\n'],
    [
      'every address that a connection may come from counts',
      'from.find((address) => !isIn(address))',
      'from.slice(0, 1).find((address) => !isIn(address))',
    ],
    ['wildcards never match a source address', "!name.startsWith('*.') && ", ''],
    ['an address written as a DNS name is itself', '[name, ...(Object.hasOwn', '[...(Object.hasOwn'],
    [
      'every certificate that is sent is held against the CRL',
      'chain.find(({ facts }) => serials',
      'chain.slice(0, 1).find(({ facts }) => serials',
    ],
    ['a serial that could not be read counts as revoked', 'if (unread) return', 'if (!unread) return'],
  ]),
  ...mutationsOf(`${core}/trust.ts`, [
    [
      'clients verify members',
      "yield { ...shown, slot: 'server-leaf', bundle: 'server-bundle', ...server };",
      '',
    ],
    ['members verify clients', 'yield { ...arriving, ...client };', ''],
    [
      'a metrics listener verifies clients',
      'if (member.hasTlsMetrics && one.from.length > 0)',
      'if (member.hasTlsMetrics && one.from.length < 0)',
    ],
    ['a metrics listener looks at addresses', '{ ...rules, checksSource: true }', 'rules'],
    [
      'whom a metrics listener refuses already is no stranger',
      "if (handshake.only === 'if-accepted-now' && verdicts[0] !== undefined) continue;",
      '',
    ],
    ['a gateway dials its own port', 'if (member.hasGateway) yield {', 'if (!member) yield {'],
    ['a gateway that is off dials nobody', 'if (member.hasGateway) yield {', 'yield {'],
    ['a member that dials verifies its peer', "yield { ...peers, domain: 'peer', ...server };", ''],
    ['a member that listens verifies its peer', "yield { ...peers, domain: 'peer', ...client };", ''],
    [
      'every leaf that may be in use is offered',
      '(presenter.slots.get(slot) ?? []).flatMap(',
      '(presenter.slots.get(slot) ?? []).slice(-1).flatMap(',
    ],
    [
      'every bundle that may be in use verifies',
      '(verifier.slots.get(handshake.bundle) ?? []).map(',
      '(verifier.slots.get(handshake.bundle) ?? []).slice(-1).map(',
    ],
    [
      'a handshake is about its verifier',
      'if (about && !about.has(verifier.holder) && !about.has(presenter.holder))',
      'if (about && !about.has(presenter.holder))',
    ],
    [
      'a handshake is about its presenter',
      'if (about && !about.has(verifier.holder) && !about.has(presenter.holder))',
      'if (about && !about.has(verifier.holder))',
    ],
    [
      'the chain is judged for as long as the rotation may take',
      'verify(chain, bundle, purpose, aheadMs)',
      'verify(chain, bundle, purpose, 0)',
    ],
    ['a dialler goes by the hosts of whom it dials', 'hosts: presenter.hosts[domain] }', 'hosts: [] }'],
    ['a listener asks its DNS', 'resolves: presenter.resolves }', 'resolves: {} }'],
  ]),
  ...mutationsOf(`${core}/world.ts`, [
    [
      'what was loaded is in use beside what lies on disk',
      '? [loaded, seen.bundle] : [seen.bundle]',
      '? [seen.bundle] : [seen.bundle]',
    ],
    ['in the middle of a step the old contents are still in use', '[...before, after])', '[after])'],
    [
      'after a step only the new contents are in use',
      '(_before, after) => [after]',
      '(before, after) => [...before, after]',
    ],
    ['allowed common names are those of the flag', "allowed('peer-cert-allowed-cn')", '[]'],
    ['allowed host names of peers are those of the flag', "allowed('peer-cert-allowed-hostname')", '[]'],
    ['allowed host names of clients are those of the flag', "allowed('client-cert-allowed-hostname')", '[]'],
    ['a gateway beside an allowed host name is refused already', '&& allowedHostnames.length === 0', ''],
    [
      'an older etcd takes a list for one name',
      'if (factsFor(version)?.takesLists !== false) return',
      "if (value !== '') return",
    ],
    [
      'a peer port may leave out the look at addresses',
      'checksSource: !skipsSourceCheck(flags, version)',
      'checksSource: true',
    ],
    ['the CRL of the peer port is that of the flag', 'seen.revoked?.peer?.serials ?? []', '[]'],
    ['the CRL of the client port is that of the flag', 'seen.revoked?.client?.serials ?? []', '[]'],
    ['a member is dialled by the hosts that it advertises', '...(listed?.clientUrls ?? [])', ''],
    ['peers are dialled by the hosts in the member list', '...(listed?.peerUrls ?? [])', ''],
    ['connections come from the addresses of their node', 'node, from });', 'node, from: [] });'],
  ]),
  ...mutationsOf(`${core}/in-use.ts`, [
    [
      'without a list and not loaded it is not known',
      'return loaded ? bundle : undefined;',
      'return bundle;',
    ],
    [
      'a process that names other CAs has not loaded the file',
      'if (loaded && sameNames(names, bundle)) return bundle;',
      'if (loaded) return bundle;',
    ],
    [
      'a name of two CAs is none',
      'if (!only || more.length > 0) return undefined;',
      'if (!only) return undefined;',
    ],
    [
      'a name of no CA makes all unknown',
      'if (!only || more.length > 0) return undefined;',
      'if (more.length > 0) return undefined;\n    if (!only) continue;',
    ],
  ]),
  ...mutationsOf(`${core}/remember.ts`, [
    ['what is remembered is of one purpose', 'verdicts[purpose].get(key)', 'verdicts.serverAuth.get(key)'],
    [
      'of another span nothing is remembered',
      'if (ahead !== aheadMs) return verify(chain, bundle, purpose, ahead);',
      '',
    ],
  ]),
];
