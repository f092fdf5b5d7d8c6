import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { adopt } from '../adopt.ts';
import { carryOut } from '../carry-out.ts';
import { problemsOfProcess } from '../check-holder.ts';
import { problemsOfRestart } from '../check-restart.ts';
import { unwrap } from '../folder.fixture.ts';
import { install } from '../generations.ts';
import { aChange, aCommand, aNode, printsOf } from '../node.fixture.ts';
import { memberOn } from '../node.ts';
import { connectionsTo, processListeningOn } from '../processes.ts';
import { aContainer, lives, type TestContainer } from './a-container.fixture.ts';
import { containerDriver } from './container.ts';
import { contractOf } from './contract.fixture.ts';
import { eventually, printVerdicts, type Rule } from './rules.fixture.ts';

// Run where an engine runs, as root: node container-rules.fixture.ts IMAGE

async function faultOf({ driver }: TestContainer, what: RegExp): Promise<string> {
  const { message } = await eventually(`a fault like ${what}`, async () => {
    const found = await driver.fault();
    return found && what.test(found.message) ? found : undefined;
  });
  return message;
}

async function isAlive({ driver }: TestContainer): Promise<void> {
  await eventually('a process', () => driver.process());
  assert.equal(await driver.fault(), undefined);
}

const listens = `exec node -e "require('net').createServer().listen(7379, '0.0.0.0'); process.on('SIGTERM', () => process.exit())"`;

/** @param image has a shell, and whatever the Node that runs this needs */
export function containerRules(image: () => Promise<string>): Rule[] {
  const container: typeof aContainer = async (how) => aContainer({ image: await image(), ...how });
  return [
    ...contractOf(() => container()),
    {
      rule: 'a container that exits at once has failed for good, with its code and what it wrote',
      holds: async () => {
        await using one = await container();
        await one.is('echo cannot open the key >&2; exit 3');
        unwrap(await one.driver.restart());
        assert.match(
          await faultOf(one, /is exited after its restart \(code 3\)/),
          /it wrote last: .*cannot open the key/,
        );
        assert.equal(await one.driver.process(), undefined);
        await one.is(lives);
        unwrap(await one.driver.restart());
        await isAlive(one);
      },
    },
    {
      rule: 'a container that its engine starts again and again is in a crash loop, and comes out of it by a restart',
      holds: async () => {
        await using one = await container({ options: ['--restart', 'always'] });
        await one.is('echo cannot open the key >&2; sleep 0.1; exit 3');
        unwrap(await one.driver.restart());
        await faultOf(one, /was started again by its engine \d+ times? since its restart/);
        await one.is(lives);
        unwrap(await one.driver.restart());
        await isAlive(one);
      },
    },
    {
      rule: 'a container that somebody has stopped does not run',
      holds: async () => {
        await using one = await container();
        await one.stop();
        await faultOf(one, /is exited after its restart/);
      },
    },
    {
      rule: 'a container gets the time that it needs to stop',
      holds: async () => {
        await using one = await container();
        await one.is(
          "trap 'sleep 1; touch /here/tidied; exit 0' TERM; touch /here/up; while :; do sleep 0.05; done",
        );
        unwrap(await one.driver.restart());
        await eventually('its trap', async () => (existsSync(one.at('here/up')) ? true : undefined));
        await one.is(lives);
        unwrap(await one.driver.restart());
        assert.equal(existsSync(one.at('here/tidied')), true);
      },
    },
    {
      rule: 'a client whose container does not bear its new files has those of before again',
      holds: async () => {
        await using there = await aNode();
        await using one = await container({ options: ['-v', `${there.at('api')}:/api:ro`] });
        // Long enough to look as if it had come up.
        await one.is(`[ "$(grep -c BEGIN /api/ca.crt)" -gt 1 ] && sleep 2 && exit 3\n${lives}`);
        const [client] = there.file.clients;
        assert(client);
        delete client.process;
        client.restart = { container: { engine: 'docker', name: one.name, grace: 20_000 }, timeout: 60_000 };
        const old = there.clientCa.pem;
        const body = aChange({
          slots: { 'server-bundle': { bundle: old + there.peerCa.pem } },
          before: { 'server-bundle': printsOf(old) },
        });
        const node = await there.reopened();
        const outcome = await carryOut(aCommand(body, { holder: 'client/api' }), 'x', node);
        assert(!outcome.ok, 'it cannot have borne them');
        assert.equal(outcome.decision, 'restored', outcome.failure.message);
        assert.match(
          outcome.failure.message,
          /is exited after its restart \(code 3\).* were put back, and it serves/,
        );
        assert.equal(readFileSync(there.at('api/ca.crt'), 'utf8'), old);
        await isAlive(one);
      },
    },
    {
      rule: 'a container or an engine that is not there is a problem, and nothing is restarted',
      holds: async () => {
        const driven = { holder: 'member/m1', leastGraceMs: 0, paths: [] };
        const named = { name: 'etcd-rotate-nothing', grace: 20_000, engine: 'docker' } as const;
        const driver = containerDriver({ container: named, timeout: 30_000 }, driven);
        const [problem] = await driver.problems();
        assert.match(
          problem?.message ?? '',
          /^member\/m1: docker container etcd-rotate-nothing cannot be looked at: .*No such/i,
        );
        assert.equal((await driver.restart()).ok, false);
        assert.equal(await driver.process(), undefined);
        assert.equal(await driver.fault(), undefined);
        const path = process.env.PATH;
        process.env.PATH = '/nowhere';
        try {
          const [missing] = await driver.problems();
          assert.match(
            missing?.message ?? '',
            /`docker inspect .* cannot be run: there is no such program on this node/,
          );
          assert.match(missing?.hint ?? '', /^install docker on the node/);
        } finally {
          process.env.PATH = path;
        }
      },
    },
    {
      rule: 'a managed file that is mounted on its own is a problem, one in a mounted folder is not',
      holds: async () => {
        await using there = await aNode();
        const mounts = [
          '-v',
          `${there.at('pki/ca.crt')}:/pki/ca.crt:ro`,
          '-v',
          `${there.at('agent')}:/agent:ro`,
        ];
        await using one = await container({
          options: mounts,
          paths: [there.at('pki/ca.crt'), there.at('pki/server.crt'), there.at('agent/ca.crt')],
        });
        const [problem, ...others] = await one.driver.problems();
        assert.deepEqual(others, []);
        assert.equal(problem?.code, 'single-file-mount');
        assert.match(
          problem?.message ?? '',
          /pki\/ca\.crt is mounted on its own into the docker container .*, as \/pki\/ca\.crt/,
        );
      },
    },
    {
      rule: 'a member uses the files of the agent file where its folder is mounted, and not where it has one of that name',
      holds: async () => {
        await using there = await aNode();
        const member = memberOn(there.node, 'c')?.member;
        assert(member);
        const flagsIn = (folder: string) => ({
          'cert-file': `${folder}/server.crt`,
          'key-file': `${folder}/server.key`,
        });
        await using one = await container({ options: ['-v', `${there.at('pki')}:/certs:ro`] });
        const { pid } = await eventually('a process', () => one.driver.process());
        assert.deepEqual(await problemsOfProcess(member, pid, flagsIn('/certs')), []);
        const codes = (await problemsOfProcess(member, pid, flagsIn(there.at('pki')))).map(
          ({ code }) => code,
        );
        assert.deepEqual(codes, ['slots-differ', 'slots-differ']);
      },
    },
    {
      rule: 'what is installed on the node is seen in a container that has the folders, wherever they are mounted',
      holds: async () => {
        await using there = await aNode();
        await using one = await container({
          options: ['-v', `${there.at('pki')}:/certs:ro`, '-v', `${there.at('agent')}:/elsewhere/bundles:ro`],
        });
        const folders = [
          { path: there.at('pki'), names: ['ca.crt', 'server.crt', 'server.key'] },
          { path: there.at('agent'), names: ['ca.crt'] },
        ];
        for (const folder of folders) unwrap(await adopt(folder));
        assert.equal(await one.reads('/certs/ca.crt'), there.clientCa.pem);
        const replacements = folders.map((folder) => ({ folder, contents: { 'ca.crt': there.peerCa.pem } }));
        unwrap(await install(replacements, { madeBy: 'x', beforeSwitch: async () => undefined }));
        assert.equal(await one.reads('/certs/ca.crt'), there.peerCa.pem);
        assert.equal(await one.reads('/elsewhere/bundles/ca.crt'), there.peerCa.pem);
        assert.equal(await one.reads('/certs/server.crt'), readFileSync(there.at('pki/server.crt'), 'utf8'));
      },
    },
    {
      rule: 'a process in a network of its own is found through its container, with its connections',
      holds: async () => {
        const node = ['-v', `${dirname(process.execPath)}:/node:ro`, '-e', 'PATH=/node:/bin:/usr/bin'];
        await using server = await container({ options: node });
        await server.is(listens);
        unwrap(await server.driver.restart());
        const url = `https://${await server.address()}:7379`;
        await using client = await container({ options: node });
        await client.is(
          `exec node -e "require('net').connect(7379, '${new URL(url).hostname}').on('error', () => process.exit(1)); process.on('SIGTERM', () => process.exit())"`,
        );
        unwrap(await client.driver.restart());
        const { pid } = await eventually('the client', () => client.driver.process());
        await eventually('its connection', async () =>
          (await connectionsTo(pid, [url])).size === 1 ? true : undefined,
        );
        // Among our own sockets there is none of theirs.
        assert.equal(await processListeningOn(url), undefined);
        const member = await aMemberIn(server, url);
        await using _node = member.there;
        assert.deepEqual(await problemsOfRestart(member.holder, await server.driver.process()), []);
      },
    },
    {
      rule: 'a container whose first process is not the one that listens is a problem',
      holds: async () => {
        const options = ['-v', `${dirname(process.execPath)}:/node:ro`, '-e', 'PATH=/node:/bin:/usr/bin'];
        await using server = await container({ options });
        await server.is(`trap 'exit 0' TERM; ${listens.replace('exec ', '')} & wait`);
        unwrap(await server.driver.restart());
        const member = await aMemberIn(server, `https://${await server.address()}:7379`);
        await using _node = member.there;
        const [problem] = await eventually('a problem', async () => {
          const found = await problemsOfRestart(member.holder, await server.driver.process());
          return found.length > 0 ? found : undefined;
        });
        assert.match(
          problem?.message ?? '',
          /the process of container .* is \d+, and \d+ is the one that listens/,
        );
      },
    },
  ];
}

async function aMemberIn({ name }: TestContainer, endpoint: string) {
  const there = await aNode();
  const member = memberOn(there.node, 'c')?.member;
  assert(member);
  const restart = { container: { engine: 'docker', name, grace: 20_000 }, timeout: 60_000 } as const;
  return { there, holder: { ...member, endpoint, restart } };
}

if (import.meta.main) {
  const [image] = process.argv.slice(2);
  if (image === undefined) throw new Error('usage: node container-rules.fixture.ts IMAGE');
  await printVerdicts(containerRules(async () => image));
}
