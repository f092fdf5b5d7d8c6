import {
  FleetCluster,
  type KnownCertificate,
  type LeafChange,
  type Names,
  type Profile,
} from '@etcd-rotate/protocol';
import { aCa, aLeaf, start } from '@etcd-rotate/testing';
import { describe, expect, test } from 'vitest';
import { isAsWanted, isDue, leafChangesOf, unchanged } from './leaves.ts';

const day = 86_400_000;
const validity = 100 * day;
const profile: Profile = { ca: { validity: 1000 * day }, leaf: { validity } };
const leaf = aLeaf({
  ca: aCa('ca1'),
  commonName: 'a',
  names: { dns: ['a.example', 'old.example'], ip: ['10.0.0.1'] },
});
const dns = (...names: string[]): Names => ({ dns: names, ip: [] });

describe('a leaf', () => {
  const stays = (change: Partial<LeafChange>, key?: 'ecdsa-p256' | 'rsa-2048') =>
    isAsWanted(
      leaf,
      { ...unchanged, ...change },
      { ...profile, leaf: { validity, ...(key !== undefined && { key }) } },
    );

  test('may stay where nothing else is asked for', () => {
    expect(stays({})).toBe(true);
    expect(stays({ commonName: 'a' }, 'ecdsa-p256')).toBe(true);
  });

  test('is replaced for another kind of key', () => expect(stays({}, 'rsa-2048')).toBe(false));
  test('is replaced for another common name', () => expect(stays({ commonName: 'b' })).toBe(false));

  test('is replaced for a name that it lacks, however others write those that it has', () => {
    expect(stays({ addNames: dns('A.Example') })).toBe(true);
    expect(stays({ addNames: dns('new.example') })).toBe(false);
    expect(stays({ addNames: { dns: [], ip: ['10.0.0.2'] } })).toBe(false);
  });

  test('is replaced for a name that it should not have', () => {
    expect(stays({ dropNames: dns('other.example') })).toBe(true);
    expect(stays({ dropNames: dns('old.example') })).toBe(false);
    expect(stays({ dropNames: dns('OLD.example') })).toBe(false);
  });

  test('is held against the addresses of a fleet file, however that writes them', () => {
    const of = (names: object) => {
      const members = [{ name: 'a', node: 'n1', ...names }];
      return leafChangesOf(FleetCluster.parse({ name: 'main', members }))['member/a peer-leaf'];
    };
    const six = aLeaf({ ca: aCa('ca1'), commonName: 'a', names: { dns: [], ip: ['2001:db8::1'] } });
    const staysSix = (names: object) => isAsWanted(six, of(names) ?? unchanged, profile);
    expect(staysSix({ addNames: { peer: { ip: ['2001:0DB8:0:0::0001'] } } })).toBe(true);
    expect(staysSix({ addNames: { peer: { ip: ['2001:DB8::2'] } } })).toBe(false);
    expect(staysSix({ dropNames: { peer: { ip: ['2001:DB8:0:0:0:0:0:1'] } } })).toBe(false);
    expect(staysSix({ dropNames: { peer: { ip: ['2001:DB8::2'] } } })).toBe(true);
  });

  test('does not wait for a name that is added and dropped', () => {
    expect(stays({ addNames: dns('new.example'), dropNames: dns('new.example') })).toBe(true);
  });
});

describe('a leaf is due', () => {
  const endingIn = (certificate: KnownCertificate, days: number): KnownCertificate => ({
    ...certificate,
    facts: { ...certificate.facts, notAfter: new Date(start.getTime() + days * day).toISOString() },
  });
  const due = (days: number, caDays = 1000) =>
    isDue(endingIn(leaf, days), {
      issuer: endingIn(aCa('ca1').known, caDays),
      profile,
      now: start.toISOString(),
    });

  test('when a new one would outlive it by a tenth of its validity', () => {
    expect([95, 91, 90, 10].map((days) => due(days))).toEqual([false, false, true, true]);
  });

  test('never, when it lasts as long as its CA', () => {
    expect(due(40, 40)).toBe(false);
    expect(due(29, 40)).toBe(true);
  });
});
