import type { Stage } from './stage.ts';

/** One thing that somebody hostile tries, and the same thing as it should be. */
export interface Case {
  class: string;
  name: string;
  /** The least identity that could try it. */
  by: string;
  /** A failure code, or in words what else must come of it. */
  expected: string;
  attack(): Promise<string>;
  /** The same thing unmodified: `obeyed`, or what came of it instead. */
  control(): Promise<string>;
  /** Asked after every case of its scene: it ends what they need. */
  controlLast?: boolean;
  /** Entries that the journal may get by the attack, such as `held` or `signed for member/m1`; none unless said. */
  mayWrite?: readonly string[];
  /** Parts of a node that may differ afterwards, such as `commands`: what an agent was told under an id. */
  mayChange?: readonly string[];
}

/** Makes the cases of one or more classes; what it opens is closed when they are through. */
export type Scene = (stage: Stage, opened: AsyncDisposableStack) => Promise<Case[]> | Case[];
