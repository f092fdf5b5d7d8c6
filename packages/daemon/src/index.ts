export { type Notifier, notifier } from './notifier.ts';
export { readIdentity } from './read-identity.ts';
export { readSecretFile } from './read-secret-file.ts';
export { readYaml } from './read-yaml.ts';
export { requireNode } from './require-node.ts';
export { stopWith } from './stop-with.ts';
export { untilSignal } from './until-signal.ts';
