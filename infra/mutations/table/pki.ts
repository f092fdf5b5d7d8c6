import { type Mutation, mutationsOf } from '../mutation.ts';

const pki = 'packages/pki/src';

/** What Go and OpenSSL both accept. */
export const certificates: Mutation[] = [
  ...mutationsOf(`${pki}/accepts.ts`, [
    [
      'a chain without a path is refused',
      'if (!faults.includes(undefined)) return',
      'if (paths.length < 0) return',
    ],
    [
      'OpenSSL is asked as well',
      'if (reason !== undefined) return { accepted: false, reason };\n  }\n  return { accepted: true };',
      '}\n  return { accepted: true };',
    ],
    [
      'OpenSSL is asked again when a certificate ends',
      'return [from, ...[...new Set(moments)].map((at) => new Date(at))];',
      'return [from];',
    ],
    [
      'a wrong issuer that OpenSSL takes is found',
      'if (issuer && !signedBy(certificate, issuer, signatures)) {',
      'if (!issuer && !certificate) {',
    ],
    [
      'a curve that Go cannot read spoils the whole file',
      'if (unreadable !== undefined) return',
      'if (unreadable === null) return',
    ],
  ]),
  ...mutationsOf(`${pki}/fault-in.ts`, [
    ['what is not valid yet is refused', 'from.getTime() < parts.notBefore', 'from.getTime() < 0'],
    ['what is expired is refused', 'from.getTime() >= parts.notAfter', 'from.getTime() < 0'],
    [
      'the very second of the end is too late',
      'from.getTime() >= parts.notAfter',
      'from.getTime() > parts.notAfter',
    ],
    [
      'what ends in the time asked about is refused',
      'until.getTime() >= parts.notAfter',
      'until.getTime() < 0',
    ],
    [
      'usages count on every level',
      'faultOfUsages(certificate, purpose) ??',
      '(index === 0 ? faultOfUsages(certificate, purpose) : undefined) ??',
    ],
    [
      'any usage is not that of TLS',
      'usages.includes(usageIds[purpose])) return',
      "usages.includes(usageIds[purpose]) || usages.includes('2.5.29.37.0')) return",
    ],
    [
      'an unknown critical extension is refused',
      'return unknown === undefined\n',
      'return unknown !== null\n',
    ],
    [
      'a key usage without TLS is refused',
      'if (((keyUsage ?? wanted) & wanted) === 0) {',
      'if (wanted === 0) {',
    ],
    ['a Netscape type without TLS is refused', '((netscapeType ?? type) & type) === 0', 'type === 0'],
    ['who may not sign issues nothing', 'if (!mayIssue(certificate)) return', 'if (!certificate) return'],
    [
      'a path length is kept to',
      'pathLength === undefined || below <= pathLength',
      'pathLength === undefined || below >= 0',
    ],
    ['a path length counts the intermediates below', 'below <= pathLength', 'below <= pathLength + 1'],
    [
      'names are held against constraints',
      '(index > 0 ? faultOfNames(certificate, path.slice(0, index)) : undefined) ??',
      '',
    ],
    ['SHA-1 is refused', 'if (weakSignatures.has(parts.signature)) return', 'if (!parts.signature) return'],
    [
      'the signature of a root does not count',
      'index < path.length - 1 ? faultOfSignature',
      'path.length > 0 ? faultOfSignature',
    ],
    ['an odd PSS is refused', 'return parts.oddPss\n', 'return !parts\n'],
    ['short RSA keys are refused', 'faultOfKey(certificate) ??\n', ''],
  ]),
  ...mutationsOf(`${pki}/key-fault.ts`, [
    ['RSA keys have 2048 bits', 'key.bits < 2048', 'key.bits < 1024'],
    [
      'a kind of key that Go does not know is refused',
      'if (!types.includes(key.type))',
      "if (key.type === '')",
    ],
  ]),
  ...mutationsOf(`${pki}/may-issue.ts`, [
    ['only a CA issues', 'return isCa && (', 'return ('],
    [
      'a CA without the right to sign certificates issues nothing',
      '(keyUsage & keyUsageBits.keyCertSign) !== 0',
      'keyUsage !== 0',
    ],
  ]),
  ...mutationsOf(`${pki}/find-paths.ts`, [
    [
      'an issuer is found by its name',
      'sameName(candidate.parts.subject, current.parts.issuer) && signedBy',
      'signedBy',
    ],
    ['an issuer is proven by its signature', ' && signedBy(current, candidate, cache);', ';'],
    [
      'every path is tried',
      'for (const anchor of anchors) found.paths.push(',
      'for (const anchor of anchors.slice(0, 1)) found.paths.push(',
    ],
    [
      'intermediates are found in any order',
      'for (const step of steps) walk(',
      'for (const step of steps.slice(1)) walk(',
    ],
    [
      'a leaf in the bundle is its own anchor',
      'if (bundle.some(({ facts }) => facts.fingerprint === leaf.facts.fingerprint)) found.paths.push([leaf]);',
      '',
    ],
  ]),
  ...mutationsOf(`${pki}/openssl-path.ts`, [
    [
      'trusted certificates come first',
      'const anchor = likelyIssuer(current, bundle, at);',
      'const anchor = likelyIssuer(current, untrusted ?? [], at) ? undefined : likelyIssuer(current, bundle, at);',
    ],
    [
      'OpenSSL goes on to a self-signed root',
      'if (looksSelfSigned(anchor)) return { complete: true, path };\n',
      'return { complete: true, path };\n',
    ],
    ['from the trusted ones there is no way back', '      untrusted = undefined;\n', ''],
    [
      'a self-signed certificate has to be trusted',
      'if (anchor.facts.fingerprint === current.facts.fingerprint) return',
      'if (anchor) return',
    ],
    ['a valid issuer comes before an expired one', 'return valid ?? issuers', 'return issuers'],
    [
      'issuers are found by name',
      'issuer.parts.canonical.subject === certificate.parts.canonical.issuer &&',
      '',
    ],
    [
      'key identifiers tell issuers apart',
      '(authority.keyId === undefined || subjectKeyId === undefined || authority.keyId === subjectKeyId) &&',
      '',
    ],
    [
      'the serial of an issuer counts',
      '(authority.serial === undefined || authority.serial === issuer.facts.serial) &&',
      '',
    ],
    [
      'the kind of key counts',
      '(algorithm === undefined || algorithm.keyType === issuer.x509.publicKey.asymmetricKeyType)',
      'true',
    ],
  ]),
  ...mutationsOf(`${pki}/name-constraints.ts`, [
    ['a name that is not permitted is refused', '(wanted.length > 0 && !wanted.some(within)) ||', ''],
    [
      'a name that is excluded is refused',
      'excluded.some((base) => ofKind(base) && touches(base, name))',
      'name === undefined',
    ],
    [
      'a wildcard touches what it stands for',
      'if (contains(base, name)) return true;\n',
      'return contains(base, name);\n',
    ],
    ['names of other kinds are refused under constraints', 'if (others) {', 'if (!others && !below) {'],
    [
      'constraints of other kinds are refused',
      'if (!Object.values(kinds).some((tag) => isTagged(base, tag))) {',
      'if (!base) {',
    ],
    [
      'a name that is none is refused under constraints',
      "name.kind === 'dns' && !isWhole(name.text)",
      "name.text === ''",
    ],
    [
      'a common name counts where there is no DNS name',
      ' && !facts.isCa ? [common] : dns',
      ' && facts.isCa ? [common] : dns',
    ],
    [
      'a domain covers itself',
      "if (domain === '' || host === domain) return true;",
      "if (domain === '') return true;",
    ],
    [
      'a domain covers what is below it, and nothing that only ends like it',
      "domain.startsWith('.') ? domain : `.${domain}`",
      'domain',
    ],
    [
      'an address is held against its mask',
      '(byte & (bytes[half + index] ?? 0)) === (bytes[index] ?? 0)',
      'byte === (bytes[index] ?? 0)',
    ],
  ]),
  ...mutationsOf(`${pki}/host-accepted.ts`, [
    ['an address is found only among the addresses', 'if (isIP(bare)) {', "if (bare === '') {"],
    [
      'one address may be written in many ways',
      'names.ip.some((ip) => ip === address || canonicalIp(ip) === address)',
      'names.ip.includes(bare)',
    ],
    ['a wildcard is the whole left label', "label === '*' && index === 0", "label === '*'"],
    ['a wildcard has two labels behind it', ' && pattern.length > 2', ''],
    ['a wildcard is one label', 'pattern.length === wanted.length &&', ''],
    ['a dot at the end of a host does not count', "labels(bare.replace(/\\.$/, ''))", 'labels(bare)'],
    ['upper case is lower case', 'return name.toLowerCase().split', 'return name.split'],
    ['an empty label is in no name', "wanted.every((label) => label !== '') && ", ''],
  ]),
  ...mutationsOf(`${pki}/read-bundle.ts`, [
    ['a bundle is not endless', 'if (pem.length > mostBytes)', 'if (pem.length < 0)'],
    ['an empty bundle is refused', 'if (blocks.value.length === 0) {', 'if (blocks.value.length < 0) {'],
    [
      'a bundle has at most 200 certificates',
      'if (blocks.value.length > mostCertificates) {',
      'if (blocks.value.length < 0) {',
    ],
    [
      'a certificate that comes twice counts once',
      'return ok([...found.values()]);',
      'return ok(blocks.value.flatMap((block) => { const one = readBlock(block); return one.ok ? [one.value] : []; }));',
    ],
    ['a private key in a bundle is refused', 'if (/PRIVATE KEY/.test(type)) {', "if (type === '') {"],
    ['a block of another type is refused', "if (type !== 'CERTIFICATE') {", "if (type === '') {"],
    [
      'a certificate that cannot be read is refused',
      'if (!certificate.ok) return certificate;\n    found',
      'if (!certificate.ok) continue;\n    found',
    ],
    [
      'where one is expected two are refused',
      'if (!certificate || more.length > 0) {',
      'if (!certificate) {',
    ],
  ]),
];

/** What is signed for whom. */
export const signing: Mutation[] = mutationsOf('packages/signer/src/may-sign.ts', [
  ['who asks to be a CA is refused', '  asksToBeCa,\n', ''],
  ['a kind of key that is not allowed is refused', '  keyIsOfAllowedKind,\n', ''],
  ["the CA's own key is refused", '  keyIsNotTheIssuers,\n', ''],
  ['another subject is refused', '  subjectIsAllowed,\n', ''],
  ['a name too many is refused', '  namesAreAllowed,\n', ''],
  ['a DNS name too many is refused', '...csr.names.dns.filter(', '...[].filter('],
  ['an address too many is refused', '...csr.names.ip.filter(', '...[].filter('],
  ['a leaf without usages is refused', '  usagesAreSaid,\n', ''],
  [
    'a life that is too long is refused',
    'if (notAfter > allowed.maxNotAfter) {',
    'if (notAfter < notBefore) {',
  ],
  ['a leaf that ends before it begins is refused', 'return notBefore.getTime() < end\n', 'return end\n'],
]);
