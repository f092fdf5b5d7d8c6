import type { CaRef, Command, KnownCertificate, Signed, Slot, SlotTarget } from '@etcd-rotate/protocol';
import type { Rotation } from './rotation.ts';
import type { Contents } from './world.ts';

/** The real certificates that a change command installs, by slot. */
export function installed(rotation: Rotation, command: Command): Map<Slot, Contents> {
  const step = rotation.plan.steps.find(({ id }) => id === command.step);
  if (command.body.type !== 'change' || step?.action.type !== 'change') return new Map();
  return realContents(rotation, step.id, step.action.slots);
}

/** What the slots of a step will hold: bundles of real CAs, leaves that were signed for it, or kept ones. */
export function realContents(
  rotation: Rotation,
  stepId: string,
  targets: Partial<Record<Slot, SlotTarget>>,
): Map<Slot, Contents> {
  const signed = rotation.progress[stepId]?.signed ?? [];
  const contents = new Map<Slot, Contents>();
  for (const [slot, target] of Object.entries(targets) as [Slot, SlotTarget][]) {
    if ('bundle' in target) {
      const cas = target.bundle.flatMap((ref) => caOf(rotation, ref) ?? []);
      // Without one of its CAs it is not that bundle.
      if (cas.length === target.bundle.length) contents.set(slot, cas);
      continue;
    }
    if ('kept' in target) {
      contents.set(slot, target.kept);
      continue;
    }
    const leaf = signed.find((one) => 'slot' in one.for && one.for.slot === slot);
    if (leaf) contents.set(slot, [asKnown(leaf)]);
  }
  return contents;
}

/** The certificate of a CA of the plan; nothing while a new one has not been made. */
export function caOf(rotation: Pick<Rotation, 'cas'>, ref: CaRef): KnownCertificate | undefined {
  return ref.role === 'new' ? rotation.cas[ref.name]?.certificate : ref.certificate;
}

/** The name of a CA in the coordinator's store. */
export function storeNameOf(rotation: Pick<Rotation, 'cas'>, ref: CaRef): string | undefined {
  if (ref.role === 'seen') return undefined;
  return ref.role === 'new' ? rotation.cas[ref.name]?.name : ref.name;
}

function asKnown({ chain, facts }: Signed): KnownCertificate {
  return { pem: chain, facts };
}
