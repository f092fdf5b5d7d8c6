import { installed } from './installed.ts';
import { inFlight, type Rotation } from './rotation.ts';
import { during, type World } from './world.ts';

/** With every change that is under way: both what was there and what will be are possible. */
export function worldNow(rotation: Rotation): World {
  const flying = Object.values(rotation.progress).flatMap((progress) => inFlight(progress) ?? []);
  return flying.reduce(
    (world, command) => during(world, command.holder, installed(rotation, command)),
    rotation.world,
  );
}
