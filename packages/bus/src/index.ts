export { type Agents, type AgentsOptions, agentsOn } from './agents.ts';
export { type AskOptions, askCoordinator, type Question } from './ask-coordinator.ts';
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
export { createNkey } from './nkeys.ts';
export type { Refusal } from './refusal.ts';
export { type ServeAgentOptions, type ServedAgent, serveAgent } from './serve-agent.ts';
export { type ServedOperators, type ServeOperatorsOptions, serveOperators } from './serve-operators.ts';
export { coordinatorInbox, type NatsServerConfig, natsServerConfig } from './server-config.ts';
export { createSigningKey, type Kind, sign, verify } from './signing.ts';
export type { EpochStore } from './take-command.ts';
