// Runs `rotate` as an operator would.

import type { Lab } from '@etcd-rotate/lab';

export interface Rotated {
  /** `rotated`, or what it ended as instead. */
  outcome: string;
  /** Known where `rotate` was asked for JSON. */
  leaderMoves?: number;
  seconds: number;
}

export function rotateArguments(
  members: number,
  { strategy, restarts }: { strategy: string; restarts: string },
): string[] {
  // A renewal restarts nobody, and rotate wants no word about when.
  const when = strategy === 'staged' ? ['--restarts', restarts] : [];
  const words = ['--cluster', 'demo', '--strategy', strategy, ...when];
  // Without a second member every restart is an outage, and rotate wants to be told so.
  return members === 1 ? [...words, '--accept-downtime'] : words;
}

/** On our own terminal, so that it looks as it does for an operator; what it ended as is asked for afterwards. */
export async function rotateHere(lab: Lab, args: string[], signal: AbortSignal): Promise<Rotated> {
  const begun = Date.now();
  const code = await lab.control.rotateHere([...args, '--yes'], { signal });
  const measured = (Date.now() - begun) / 1000;
  const { stdout } = await lab.rotate(['status', '--json']);
  const rotation = lastRotation(fieldsOf(stdout));
  const seconds = rotation && (Date.parse(rotation.endedAt) - Date.parse(rotation.startedAt)) / 1000;
  return { outcome: rotation?.outcome ?? outcomeOf(code), seconds: seconds || measured };
}

/** For a program: what it ended as is in the last line. */
export async function rotateForProgram(
  lab: Lab,
  args: string[],
  { show, signal }: { show: (text: string) => void; signal: AbortSignal },
): Promise<Rotated> {
  const begun = Date.now();
  const how = { onStdout: show, onStderr: show, signal };
  const { code, stdout } = await lab.rotate([...args, '--yes', '--json'], how);
  const measured = (Date.now() - begun) / 1000;
  const { outcome, leaderMoves, seconds } = fieldsOf(stdout.trim().split('\n').at(-1) ?? '');
  return {
    outcome: typeof outcome === 'string' ? outcome : outcomeOf(code),
    leaderMoves: typeof leaderMoves === 'number' ? leaderMoves : 0,
    seconds: typeof seconds === 'number' ? seconds : measured,
  };
}

function outcomeOf(code: number): string {
  return { 0: 'rotated', 3: 'refused', 4: 'held' }[code] ?? 'failed';
}

interface EndedRotation {
  outcome: string;
  startedAt: string;
  endedAt: string;
}

function lastRotation({ rotations }: Fields): EndedRotation | undefined {
  const last: unknown = Array.isArray(rotations) ? rotations.at(-1) : undefined;
  return typeof last === 'object' && last !== null && 'outcome' in last ? (last as EndedRotation) : undefined;
}

type Fields = Partial<Record<'outcome' | 'leaderMoves' | 'seconds' | 'rotations', unknown>>;

function fieldsOf(text: string): Fields {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
