import type { Case, Scene } from '../case.ts';
import { aCommand, aRequest, command, lifeOf, request, signed } from '../messages.ts';
import type { Stage } from '../stage.ts';

/** Messages with every right signature, too late or too early. */
export const untimely: Scene = async (stage) => [...commands(stage), ...(await requests(stage))];

const times: Record<string, [code: string, life: () => ReturnType<typeof lifeOf>]> = {
  'it has expired a second ago': ['too-late', () => lifeOf(1, -2)],
  'it has expired a year ago': ['too-late', () => lifeOf(60, -365 * 86_400)],
  'it comes from two minutes ahead': ['too-late', () => lifeOf(30, 120)],
  'it shall live for two hours': ['too-late', () => lifeOf(7200)],
  'it ends before it begins': ['too-late', () => lifeOf(-5)],
  'it is of no time at all': ['bad-message', () => ({ issuedAt: 'tomorrow', expiresAt: 'never' })],
  'its time has no zone': ['bad-message', () => withoutZone(lifeOf(30))],
};

function withoutZone({ issuedAt, expiresAt }: ReturnType<typeof lifeOf>): ReturnType<typeof lifeOf> {
  return { issuedAt: issuedAt.replace('Z', ''), expiresAt: expiresAt.replace('Z', '') };
}

function commands(stage: Stage): Case[] {
  const { signingKey } = stage.who.coordinator;
  const send = (said = {}): Promise<string> =>
    command(stage, signed('command', aCommand(stage, said), signingKey));
  return Object.entries(times).map(([name, [expected, life]]) => ({
    class: 'late',
    name: `a command: ${name}`,
    by: 'owner of NATS',
    expected,
    attack: () => send(life()),
    control: () => send(),
  }));
}

async function requests(stage: Stage): Promise<Case[]> {
  const admin = await stage.as('operator', 'admin');
  const { signingKey } = stage.who.of('operator', 'admin');
  const send = (said = {}): Promise<string> =>
    request(stage, admin, signed('request', aRequest(stage, said), signingKey, 'admin'));
  return Object.entries(times).map(([name, [expected, life]]) => ({
    class: 'late',
    name: `a request: ${name}`,
    by: 'operator admin',
    expected,
    attack: () => send(life()),
    control: () => send(),
  }));
}
