import { expect, test } from 'vitest';
import { cluster, everyMember, fleetWith, inputOf, listed } from './cases.contract.ts';
import { everyAdvertisedUrlHasTls } from './endpoints.ts';
import { sharedFilesGoTogether } from './files.ts';
import { clocksAreClose } from './nodes.ts';

test('a clock is held against the question and against the answer', () => {
  const look = (askedAt: string, now: string) =>
    clocksAreClose({ ...inputOf(cluster), askedAt, now }).map(({ code }) => code);
  const at = (seconds: number) => new Date(Date.parse(inputOf(cluster).now) + 1000 * seconds).toISOString();
  const nodes = cluster.nodes.map(() => 'clocks-apart');
  expect(look(at(-1), at(1))).toEqual([]);
  expect(look(at(10), at(11))).toEqual(nodes);
  expect(look(at(-11), at(-10))).toEqual(nodes);
});

test('a client URL without TLS that etcd lists is refused, though the flags say another one', () => {
  const observations = everyMember(listed({ clientUrls: ['http://b.example:2379'] }));
  expect(everyAdvertisedUrlHasTls(inputOf(cluster, { observations }))).toMatchObject([
    { code: 'not-modelled', message: expect.stringContaining('http://b.example:2379') },
  ]);
});

test('one leaf for both ports has to be changed in the same way for both', () => {
  const oneLeaf = everyMember((seen) => {
    const { 'server-leaf': server, 'peer-leaf': peer } = seen.slots;
    return server && peer
      ? { ...seen, slots: { ...seen.slots, 'peer-leaf': { ...peer, file: server.file } } }
      : seen;
  });
  const look = (addNames: Parameters<typeof fleetWith>[0]['addNames']) =>
    sharedFilesGoTogether(inputOf(cluster, { observations: oneLeaf, cluster: fleetWith({ addNames }) }));
  const added = { dns: ['b.new'], ip: [] };
  expect(look({ client: added, peer: added })).toEqual([]);
  expect(look({ peer: added })).toMatchObject([
    {
      code: 'shared-file',
      message: expect.stringContaining('changes the names of one and not in the same way'),
    },
  ]);
});
