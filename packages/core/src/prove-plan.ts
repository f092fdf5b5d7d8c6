import type {
  CaRef,
  HolderId,
  KnownCertificate,
  Plan,
  ProofLine,
  Slot,
  SlotTarget,
} from '@etcd-rotate/protocol';
import { groupsOf } from './groups-of.ts';
import { remembering } from './remember.ts';
import { describeRefusal, type Judge, strangers } from './trust.ts';
import { after, type Contents, during, type World } from './world.ts';

/** Certificates to prove with: throw-away ones of the same profile in a dry run, the real ones at run time. */
export interface StandIns {
  ca(ref: CaRef): KnownCertificate;
  leaf(holder: HolderId, slot: Slot, issuer: CaRef): Contents;
}

/**
 * Walks a plan and looks, before it and in the middle of each step and of each group of steps that may be under way
 * together, for anybody who would refuse anybody. A plan whose lines all have no strangers may run. A step is proven by
 * the handshakes of the holders that it changes: all others are as they were.
 */
export function provePlan(
  plan: Pick<Plan, 'steps'>,
  start: World,
  standIns: StandIns,
  by: Judge,
): ProofLine[] {
  const judge = remembering(by);
  let world = start;
  const asItIs = strangers(start, judge);
  const lines: ProofLine[] = [
    {
      step: 'now',
      handshakes: asItIs.handshakes,
      strangers: asItIs.refusals.map(describeRefusal),
      undo: 'without-restart',
    },
  ];
  for (const group of groupsOf(plan.steps)) {
    const changes = group.flatMap(({ id, holder, action }) =>
      action.type === 'change'
        ? [{ id, holder, taken: action.taken, contents: contentsFor(holder, action.slots, standIns) }]
        : [],
    );
    const middle = changes.reduce((seen, { holder, contents }) => during(seen, holder, contents), world);
    const { refusals, handshakes } = strangers(middle, judge, new Set(changes.map(({ holder }) => holder)));
    for (const [i, { id, taken }] of changes.entries()) {
      // Those of one group were decided together and count once.
      lines.push({
        step: id,
        handshakes: i === 0 ? handshakes : 0,
        strangers: refusals.map(describeRefusal),
        undo: taken === 'restart' ? 'with-restart' : 'without-restart',
      });
    }
    world = changes.reduce((seen, { holder, contents }) => after(seen, holder, contents), world);
  }
  return lines;
}

/** What slots will hold, as certificates. */
export function contentsFor(
  holder: HolderId,
  targets: Partial<Record<Slot, SlotTarget>>,
  standIns: StandIns,
): Map<Slot, Contents> {
  return new Map(
    (Object.entries(targets) as [Slot, SlotTarget][]).map(([slot, target]) => [
      slot,
      contentsOfTarget(target, { holder, slot, standIns }),
    ]),
  );
}

function contentsOfTarget(
  target: SlotTarget,
  { holder, slot, standIns }: { holder: HolderId; slot: Slot; standIns: StandIns },
): Contents {
  if ('kept' in target) return target.kept;
  if ('leafOf' in target) return standIns.leaf(holder, slot, target.leafOf);
  return target.bundle.map((ref) => standIns.ca(ref));
}
