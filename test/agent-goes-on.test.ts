import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Command, CommandResult } from '@etcd-rotate/protocol';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { agentsOn } from '../packages/bus/src/index.ts';
import { fleet } from '../packages/bus/src/messages.fixture.ts';
import { aNats, type Nats, value } from '../packages/bus/src/nats.fixture.ts';
import { checkIntact } from '../packages/host/src/index.ts';
import {
  type LoopbackNode,
  type LoopbackNodes,
  threeNodes,
} from '../packages/host/src/loopback-nodes.fixture.ts';
import { printsOf } from '../packages/host/src/node.fixture.ts';
import { foldersOf } from '../packages/host/src/node.ts';
import { type TrustSteps, trustSteps } from '../packages/host/src/trust-steps.fixture.ts';

// The real agent program on a member of a real cluster: told of a change over NATS, killed with SIGKILL at one point of
// it, and started again while NATS is away. What it was in the middle of comes to its end all the same; whoever asks
// later gets what came of it.

/** Restarts the member, and kills the agent at the point that the file `die-at` says: which restart, and where in it. */
const hooked = `#!/bin/sh
cd "$(dirname "$0")" || exit 1
n=$(($(cat restarts 2>/dev/null || echo 0) + 1))
echo $n >restarts
at() {
  [ "$(cat die-at 2>/dev/null)" = "$n $1" ] || return 0
  rm die-at
  kill -9 "$(cat agent-pid)"
  exit 1
}
at begun
./service stop
at stopped
./service start
at started
`;

let cluster: LoopbackNodes;
let steps: TrustSteps;
let nats: Nats;
let one: LoopbackNode;

beforeAll(async () => {
  cluster = await threeNodes();
  steps = await trustSteps(cluster);
  nats = await aNats();
  [one] = cluster.nodes;
  const [member] = one.file.members;
  const restart = { command: [one.at('hooked'), 'restart'], timeout: '20s' };
  await writeFile(one.at('hooked'), hooked, { mode: 0o700 });
  await writeFile(one.at('agent.yaml'), JSON.stringify({ ...one.file, members: [{ ...member, restart }] }));
  const identity = {
    ...{ version: 1, fleet, kind: 'node', name: 'n1' },
    nats: { servers: [`tls://${nats.listen}`], ca: nats.ca, nkeySeed: nats.nkeySeeds.n1.reveal() },
    signingKey: nats.keys.n1.privateKey.reveal(),
    coordinatorKey: nats.keys.coordinator.publicKey,
  };
  await writeFile(one.file.identity, JSON.stringify(identity), { mode: 0o600 });
});
afterAll(async () => {
  nats?.[Symbol.dispose]();
  await cluster?.[Symbol.asyncDispose]();
});
beforeEach(() => steps.begin());

interface Agent extends AsyncDisposable {
  ended: Promise<unknown>;
  kill(): void;
}

async function anAgent(): Promise<Agent> {
  const program = resolve('apps/agent/dist/etcd-rotate-agent.mjs');
  const log = createWriteStream(one.at('agent.log'), { flags: 'a' });
  const child: ChildProcess = spawn(process.execPath, [program, '--config', one.at('agent.yaml')]);
  child.stdout?.pipe(log);
  child.stderr?.pipe(log);
  await writeFile(one.at('agent-pid'), String(child.pid));
  const ended = once(child, 'exit');
  const kill = () => void child.kill('SIGKILL');
  return {
    ended,
    kill,
    [Symbol.asyncDispose]: async () => {
      kill();
      await ended;
    },
  };
}

/** What the agent has on disk of a command. */
async function recordOf({ id }: Command): Promise<{ command?: object; outcome?: object } | undefined> {
  const text = await readFile(one.at('state/commands.json'), 'utf8').catch(() => '{}');
  return JSON.parse(text)[id];
}

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  for (const end = performance.now() + 30_000; performance.now() < end; await pause(20)) {
    const seen = await look();
    if (seen !== undefined) return seen;
  }
  throw new Error(`${what}: not within 30 s; ${(await readFile(one.at('agent.log'), 'utf8')).slice(-3000)}`);
}

/** The coordinator's side of one leg: NATS is there only as long as this is. */
async function told(command: Command, meanwhile: () => Promise<unknown>): Promise<CommandResult | undefined> {
  await using _server = value(await nats.start());
  await using bus = await nats.as('coordinator');
  using agents = agentsOn(bus, {
    fleet,
    signingKey: nats.keys.coordinator.privateKey,
    nodeKeys: () => nats.keys.n1.publicKey,
    onRefused: ({ failure }) => expect.unreachable(failure.message),
  });
  let result: CommandResult | undefined;
  agents.onResult((one) => {
    result = one;
  });
  value(await agents.ready());
  await until('the agent takes the command', async () => {
    const now = Date.now();
    const times = { issuedAt: new Date(now).toISOString(), expiresAt: new Date(now + 60_000).toISOString() };
    return (await agents.send({ ...command, ...times })).ok || undefined;
  });
  await Promise.race([meanwhile(), until('a result', async () => result)]);
  return result;
}

const cases: [point: string, dieAt: string, isPicky: boolean, came: object][] = [
  ['once the command is recorded', 'recorded', false, { ok: true }],
  ['before the restart begins', '1 begun', false, { ok: true, value: { restarted: true } }],
  ['in the middle of the restart', '1 stopped', false, { ok: true, value: { restarted: true } }],
  ['before anything is proven', '1 started', false, { ok: true, value: { restarted: true } }],
  ['before the restart of a put-back', '2 begun', true, { ok: false, decision: 'restored' }],
  ['in the middle of a put-back', '2 stopped', true, { ok: false, decision: 'restored' }],
  ['at the end of a put-back', '2 started', true, { ok: false, decision: 'restored' }],
];

test.each(cases)(
  'an agent that is killed %s goes on by itself, and answers for it',
  async (_point, dieAt, isPicky, came) => {
    const to = printsOf(await one.read('pki/ca.crt')).length === 1 ? 'both' : 'old';
    const body = { ...(await steps.trustChange(one, to)), startTimeoutMs: isPicky ? 2000 : 15_000 };
    const command = { ...steps.command(one, body), fleet };
    await rm(one.at('restarts'), { force: true });
    await writeFile(one.at('die-at'), dieAt);
    if (isPicky) await writeFile(one.at('picky'), '');
    {
      await using agent = await anAgent();
      const early = await told(command, async () => {
        if (dieAt === 'recorded') {
          await until('a record', () => recordOf(command));
          agent.kill();
        }
        await agent.ended;
      });
      expect(early).toBeUndefined();
    }
    {
      await using _agent = await anAgent();
      await until('it comes to an end', async () => {
        const record = await recordOf(command);
        return record && !record.command ? true : undefined;
      });
      await one.serving();
      for (const folder of foldersOf(one.node, one.member)) {
        expect(await checkIntact(folder)).toMatchObject({ ok: true });
      }
      const record = await recordOf(command);
      const result = await told(command, () => new Promise(() => undefined));
      expect(result).toMatchObject({ id: command.id, outcome: came });
      // Where it had come to a result, that is the one which is answered.
      if (record?.outcome) expect(result?.outcome).toEqual(record.outcome);
      if (dieAt !== 'recorded') expect(record?.outcome).toBeDefined();
    }
    await rm(one.at('picky'), { force: true });
    await one.serving();
  },
);
