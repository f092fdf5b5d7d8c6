/** NATS subjects: version, fleet, then who. Names hold no dots (see `Name`), so no subject reaches another's. */
export const subjects = {
  command: (fleet: string, node: string) => `etcd-rotate.v1.${fleet}.node.${node}.command`,
  result: (fleet: string, node: string) => `etcd-rotate.v1.${fleet}.node.${node}.result`,
  results: (fleet: string) => `etcd-rotate.v1.${fleet}.node.*.result`,
  request: (fleet: string, operator: string) => `etcd-rotate.v1.${fleet}.operator.${operator}.request`,
  requests: (fleet: string) => `etcd-rotate.v1.${fleet}.operator.*.request`,
  /** Where a node asks to be let in that has no identity yet. */
  join: (fleet: string) => `etcd-rotate.v1.${fleet}.join`,
  /** Each identity has an inbox prefix of its own, so that nobody reads another's replies. */
  inbox: (kind: 'node' | 'operator' | 'coordinator' | 'joining', name: string) => `_INBOX_${kind}_${name}`,
};
