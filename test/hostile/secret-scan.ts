import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from '@etcd-rotate/lab';
import { journalOf } from './photo.ts';
import { startRotation } from './rotation.ts';
import { finder } from './scan/finder.ts';
import { keySecret, type Secret, shapes, textSecret } from './scan/needles.ts';
import { type Place, placesOf } from './scan/places.ts';
import type { Stage } from './stage.ts';

export interface Scanned {
  kind: string;
  /** Files, messages or processes looked through, and how many bytes they have. */
  places: number;
  bytes: number;
  /** What was found that may not be there. */
  found: string[];
  /** How many were put there on purpose. */
  planted: number;
  /** Planted secrets of this kind of place that were not found. */
  missed: string[];
}

/**
 * Runs a whole rotation to new CAs, looks through all that it and everything before it has left, for every private key of the
 * lab in every way of writing it, then plants some in each kind of place and looks again.
 */
export async function scanForSecrets(stage: Stage): Promise<Scanned[]> {
  const { lab, owner } = stage;
  if (!hasRotated(lab)) await rotateOnce(stage);
  const secrets = [...secretsOf(lab), ...shapes];
  const find = finder(secrets);
  const first = placesOf(lab, owner, stage.temporary);
  const found = first.flatMap((place) => findIn(place, find).map((what) => ({ ...what, kind: place.kind })));
  const planted = await plant(stage, secrets);
  const second = placesOf(lab, owner, stage.temporary);
  const again = second.flatMap((place) => findIn(place, find).map((what) => ({ ...what, kind: place.kind })));
  const kinds = [...new Set([...first.map(({ kind }) => kind), ...planted.map(({ kind }) => kind)])];
  return kinds.map((kind) => {
    const here = first.filter((place) => place.kind === kind);
    return {
      kind,
      places: here.length,
      bytes: here.reduce((sum, { bytes }) => sum + bytes.length, 0),
      found: found.filter((one) => one.kind === kind).map(({ where, secret }) => `${secret} in ${where}`),
      planted: planted.filter((one) => one.kind === kind).length,
      missed: planted
        .filter((one) => one.kind === kind)
        .filter(({ secret }) => !again.some((one) => one.kind === kind && one.secret === secret))
        .map(({ secret }) => secret),
    };
  });
}

/** Whether a rotation to new CAs has come to its end here already. */
function hasRotated(lab: Lab): boolean {
  const entries = journalOf(lab).map(({ body }) => body);
  const staged = entries.flatMap((body) =>
    body.type === 'started' && body.plan.strategy === 'staged' ? body.rotation : [],
  );
  return entries.some(
    (body) => body.type === 'finished' && body.outcome === 'rotated' && staged.includes(body.rotation),
  );
}

async function rotateOnce(stage: Stage): Promise<void> {
  const began = journalOf(stage.lab).length;
  const rotation = await startRotation(stage, { strategy: 'staged', restarts: 'when-needed' });
  const outcome = await rotation.comesTo(began);
  await rotation[Symbol.asyncDispose]();
  if (outcome !== 'rotated') throw new Error(`the rotation to scan was ${outcome}`);
}

export function findIn(
  { name, bytes }: Place,
  find: ReturnType<typeof finder>,
): { secret: string; where: string }[] {
  // PEM is base64 in lines, and in JSON their ends are two letters.
  const joined = Buffer.from(bytes.toString('latin1').replace(/\\n|\s/g, ''), 'latin1');
  return [...new Set([...find(bytes), ...find(joined)])].map((secret) => ({ secret, where: name }));
}

/** Every secret of the lab, from the files in which it has to lie. */
function secretsOf(lab: Lab): Secret[] {
  const { folder, coordinator } = lab.layout;
  const secrets: Secret[] = [
    textSecret('the passphrase', readFileSync(coordinator.passphrase, 'utf8').trim()),
  ];
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  for (const path of paths) {
    const file = join(folder, path);
    if (!/(-key\.pem|\.key|\.json|key)$/.test(path) || path.includes('etcd/data')) continue;
    let text = existsSync(file) ? readIfFile(file) : '';
    for (const [i, pem] of [...text.replaceAll('\\n', '\n').matchAll(pemKey)].entries())
      secrets.push(keySecret(`key ${i + 1} of ${path}`, pem[0]));
    // What tokens have in them lets nobody do more than ask.
    if (path.endsWith('coordinator.json')) text = text.replace(/"joining":\s*\{[^}]*\}/, '');
    for (const [seed] of text.matchAll(/\bSU[A-Z2-7]{56}\b/g))
      secrets.push(textSecret(`nkey of ${path}`, seed));
  }
  if (secrets.length < 20)
    throw new Error(`only ${secrets.length} secrets are known: the scan would find nothing`);
  return secrets;
}

const pemKey = /-----BEGIN (?:EC )?PRIVATE KEY-----[^-]+-----END (?:EC )?PRIVATE KEY-----/g;

function readIfFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** The lab is thrown away afterwards, so that its own files are spoilt. */
async function plant(
  { lab, owner, temporary }: Stage,
  secrets: readonly Secret[],
): Promise<{ kind: string; secret: string }[]> {
  const { coordinator, services, members } = lab.layout;
  const [m1] = members;
  if (!m1) throw new Error('a lab without a member');
  const here = (folder: string, name: string): string => {
    mkdirSync(folder, { recursive: true });
    return join(folder, name);
  };
  const into: Record<string, (bytes: Buffer) => void | Promise<void>> = {
    journal: (bytes) => appendFileSync(here(join(coordinator.state, 'journal'), 'journal.jsonl'), bytes),
    logs: (bytes) => appendFileSync(here(join(services, 'agent-m1'), 'log'), bytes),
    'state of the coordinator': (bytes) =>
      appendFileSync(here(join(coordinator.state, 'cas'), 'planted'), bytes),
    'files beside them': (bytes) => appendFileSync(here(coordinator.folder, 'fleet.yaml'), bytes),
    'state of agents': (bytes) => appendFileSync(here(m1.agentState, 'planted.json'), bytes),
    'slot files': (bytes) => writeFileSync(here(join(m1.folder, 'etcd', 'pki'), 'planted.pem'), bytes),
    'temporary files': (bytes) => appendFileSync(here(temporary, 'planted'), bytes),
    'NATS traffic': async (bytes) => {
      const since = owner.heard.length;
      const said = await owner.bus.publish('planted', { data: bytes });
      if (!said.ok) throw new Error(`nothing can be planted on NATS: ${said.failure.message}`);
      await owner.hears('what was planted', ({ subject }) => subject === 'planted', since);
    },
  };
  const planted: { kind: string; secret: string }[] = [];
  for (const [i, [kind, put]] of Object.entries(into).entries()) {
    // Others in each place, and each in another way of writing it: all together in the first.
    const chosen = secrets.filter((_, s) => i === 0 || s % Object.keys(into).length === i);
    const texts = chosen.map(({ forms }, s) => forms[(s + i) % forms.length] ?? Buffer.alloc(0));
    await put(Buffer.concat(texts.flatMap((text) => [Buffer.from(' "x": "'), text, Buffer.from('",\n')])));
    planted.push(...chosen.map(({ name }) => ({ kind, secret: name })));
  }
  return planted;
}
