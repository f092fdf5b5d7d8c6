import type {
  CaRef,
  HolderId,
  KnownCertificate,
  Plan,
  ProofLine,
  Slot,
  SlotTarget,
} from '@etcd-rotate/protocol';
import { describeRefusal, strangers, type Verify } from './trust.ts';
import { after, type Contents, during, type World } from './world.ts';

/** Certificates to prove with: throw-away ones of the same profile in a dry run, the real ones at run time. */
export interface StandIns {
  ca(ref: CaRef): KnownCertificate;
  leaf(holder: HolderId, slot: Slot, issuer: CaRef): Contents;
}

/**
 * Walks a plan step by step and looks, in the middle of each step and after it, for anybody who would refuse anybody.
 * A plan whose lines all have no strangers may run.
 */
export function provePlan(
  plan: Pick<Plan, 'steps'>,
  start: World,
  standIns: StandIns,
  verify: Verify,
): ProofLine[] {
  let world = start;
  const lines: ProofLine[] = [];
  for (const step of plan.steps) {
    if (step.action.type !== 'change') continue;
    const changes = contentsFor(step.holder, step.action.slots, standIns);
    const { refusals, handshakes } = strangers(during(world, step.holder, changes), verify);
    lines.push({ step: step.id, handshakes, strangers: refusals.map(describeRefusal) });
    world = after(world, step.holder, changes);
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
      'leafOf' in target
        ? standIns.leaf(holder, slot, target.leafOf)
        : target.bundle.map((ref) => standIns.ca(ref)),
    ]),
  );
}
