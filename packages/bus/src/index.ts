export { type Agents, type AgentsOptions, agentsOn } from './agents.ts';
export { type AskOptions, askCoordinator, type Question } from './ask-coordinator.ts';
export { askToJoin, type Joiner } from './ask-to-join.ts';
export type { Addressee, Bus, BusEvent, BusSubscription, Incoming, Message } from './bus.ts';
export { decode, type Envelope, encode, type Messages, sizeLimits } from './codec.ts';
export { type ConnectOptions, connectBus } from './connect.ts';
export { contentsOf } from './contents-of.ts';
export {
  type NatsServer,
  type NatsServerEvent,
  type NatsServerOptions,
  startNatsServer,
} from './embedded-server.ts';
export { connectStore, type SharedStore, type StoreOptions } from './jetstream/connect-store.ts';
export type { KeyValue, KeyValues, Put } from './jetstream/key-values.ts';
export { checkSafeSettings } from './jetstream/safe-settings.ts';
export { createTokenKey, type JoinToken, readToken, writeToken } from './join-token.ts';
export { createNkey, isNkey, nkeyOf } from './nkeys.ts';
export type { Refusal } from './refusal.ts';
export { createSealKey, type SealedFor, type SealKey, sealToCoordinator } from './seal-to-coordinator.ts';
export { type ServeAgentOptions, type ServedAgent, serveAgent } from './serve-agent.ts';
export { type ServedJoins, type ServeJoinsOptions, serveJoins } from './serve-joins.ts';
export {
  type CoordinatorKeys,
  type ServedOperators,
  type ServeOperatorsOptions,
  serveOperators,
} from './serve-operators.ts';
export {
  coordinatorInbox,
  joiningInbox,
  type NatsServerConfig,
  natsServerConfig,
  natsUsers,
} from './server-config.ts';
export { createSigningKey, type Kind, publicKeyOf, sign, verify } from './signing.ts';
export type { EpochStore } from './take-command.ts';
