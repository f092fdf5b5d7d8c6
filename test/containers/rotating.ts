import type { Ran } from '@etcd-rotate/lab';
import type { Nodes } from '@etcd-rotate/nodes';
import { expect } from 'vitest';

/** A line of `rotate --json`, as far as one looks at it here. */
export interface Line {
  type?: string;
  step?: string;
  command?: string;
}

/** Something that happens once, when the rotation says a line. */
export interface Event {
  when: (line: Line) => boolean;
  act: () => Promise<void>;
}

/** When a change of this step is sent: `trust-m2`. */
export const changing =
  (step: string) =>
  (line: Line): boolean =>
    line.type === 'sent' && line.command === 'change' && line.step === step;

/** When anything of a stage is sent that changes a member. */
export const inStage =
  (stage: 'trust' | 'issue' | 'retire') =>
  (line: Line): boolean =>
    line.type === 'sent' && line.command === 'change' && new RegExp(`^${stage}-m\\d$`).test(line.step ?? '');

/**
 * Asks for something that is followed to its end, and has events happen on the way, each in the first line that it waits
 * for. All of them must have happened.
 */
export async function rotateWith(
  { rotate }: Pick<Nodes, 'rotate'>,
  args: string[],
  events: readonly Event[],
): Promise<Ran> {
  const happened = new Map<Event, Promise<void>>();
  const ran = await rotate([...args, '--json'], (text) => {
    const line = JSON.parse(text) as Line;
    for (const event of events) {
      if (!happened.has(event) && event.when(line)) happened.set(event, event.act());
    }
  });
  await Promise.all(happened.values());
  expect(`${happened.size} of ${events.length} events happened`, ran.stdout.slice(-2000) + ran.stderr).toBe(
    `${events.length} of ${events.length} events happened`,
  );
  return ran;
}
