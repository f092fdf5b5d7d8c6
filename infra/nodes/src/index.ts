export { aMachine } from './a-machine.ts';
export { type EtcdVintage, imageOf } from './images.ts';
export { nodeOfCheckout } from './load.ts';
export type { Machine, Unit } from './machine.ts';
export { type MemberNode, type Nodes, type NodesOptions, nodes } from './nodes.ts';
export { sweep } from './sweep.ts';
