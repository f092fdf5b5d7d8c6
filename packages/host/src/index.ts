export { Canaries } from './canaries.ts';
export { carryOut, type Outcome } from './carry-out.ts';
export { adopt, checkIntact, type Folder, leave } from './generations.ts';
export { type Holder, holdersOf } from './holders.ts';
export { foldersOf, type Node, nodeFrom } from './node.ts';
export { type NodeState, openNodeState } from './node-state.ts';
