import { z } from 'zod';

/**
 * Every way not to succeed that somebody on call may read, with what it means. Codes never change; docs/failures.md
 * has one heading for each and is checked against this table.
 */
export const failureCodes = {
  // what was given to us
  'bad-file': 'a configuration file is missing, unreadable or has a wrong field',
  'bad-usage': 'the command line cannot be understood',
  'bad-certificate': 'a certificate cannot be read or used',
  'bad-key': 'a private key cannot be read or used',
  'bad-bundle': 'a bundle would be read by etcd differently from what it looks like',
  'bad-csr': 'a certificate request cannot be read or its signature is wrong',
  'key-mismatch': 'a key and a certificate do not belong together',
  'wrong-passphrase': 'the passphrase does not open a CA key',
  'unknown-ca': 'the coordinator holds no CA of that name',
  'unknown-cluster': 'the fleet file has no cluster of that name',
  'unknown-rotation': 'the journal has no rotation of that id',
  'unknown-holder': 'the fleet file and the agent file of a node do not name the same holders',
  'may-not-sign': 'the signer was asked for more than the fleet file and the observed leaf allow',
  exists: 'what was to be made is there already',
  'unknown-node': 'no node of that name was ever let in',
  'bad-token': 'a join token is damaged, was used, has expired or was taken back',
  'ca-in-use': 'a CA key cannot be destroyed: something may still need it',
  'outside-signer': 'a signer outside refused, did not answer, or signed something else than was asked for',
  // messages
  'bad-message': 'a message cannot be read',
  'not-signed': 'a message has no valid signature of the one it must come from',
  'too-late': 'a message arrived after it expired',
  'not-permitted': 'the operator may look, and not steer',
  'not-for-us': 'a message is for another fleet, node or holder',
  'old-epoch': 'a command comes from a coordinator that does not lead any more',
  'id-reused': 'an id came again with other contents',
  'unknown-version': 'a message or file has a version that this program does not know',
  // reaching each other
  'nats-away': 'NATS cannot be reached',
  'nats-refused': 'NATS refuses the identity or its certificate',
  'nats-unsafe': 'NATS could lose entries that it has acknowledged',
  'not-leading': 'another coordinator leads',
  'standby-differs':
    'a coordinator does not have the identity, fleet file or passphrase of the one that leads',
  'nats-server-missing': 'the nats-server program cannot be found or started',
  'coordinator-away': 'the coordinator does not answer',
  'node-away': 'a node does not answer',
  'state-locked': 'another process holds the state folder',
  'journal-broken': 'a line of the journal was changed or cannot be read',
  'journal-not-written': 'the journal cannot be written',
  // checks before a plan or a step
  'wrong-status': 'the rotation is in a status in which that is not allowed',
  'held-by-operator': 'an operator asked the rotation to hold',
  'confirm-retire': 'the rotation holds before the step from which old leaves are refused, as was asked for',
  'needs-approval': 'a second operator has to approve before the rotation goes on',
  'no-way-back': 'a rotation cannot be rolled back from where it is',
  'rotation-under-way': 'the cluster has a rotation that is not finished',
  'plan-changed': 'the cluster is not what it was when the plan was shown',
  'nothing-to-do': 'the target is what is there already',
  'member-unhealthy': 'a member does not serve a linearizable read',
  'members-differ': 'the members etcd lists are not those of the fleet file',
  'cluster-id-changed': 'the cluster id or a member id is not what it was',
  'quorum-at-risk': 'stopping this member would leave no majority',
  'downtime-not-accepted': 'a cluster of one or two members cannot lose one without an outage',
  'learner-present': 'the cluster has a learner or a member that has not started',
  'alarm-raised': 'etcd has an alarm',
  'clocks-apart': 'the clocks of the nodes differ too much',
  'certificate-expired': 'a certificate in use is expired or not yet valid',
  'leaf-outlives-ca': 'a leaf would go on being valid after its CA has expired',
  'names-missing': 'a leaf lacks a name that others need to reach its holder',
  'names-by-dns': 'a peer leaf names the address that it is used from through DNS alone',
  'common-name-changes': 'a common name that decides who is let in would change',
  'usages-missing': 'a leaf lacks an extended key usage that its holder needs',
  'bundle-not-loaded': 'a process was started before its bundle was last written',
  'same-name': 'two CAs have one name and no key identifiers that tell them apart',
  'same-key': 'the new CA has the key of the old one: that is no rotation',
  'ca-not-held': 'the coordinator does not hold the key of a CA that the plan needs',
  'gateway-refused': "a member's gateway dials it with a leaf that it does not trust",
  'shared-file': 'one file is used where two plans, or two halves of one, would change it',
  'key-unreadable': 'the user of a process cannot read its key, certificate or bundle',
  'no-disk-space': 'a disk has no room for what a rotation writes',
  'crl-unusable': 'a CRL cannot be read by the version of etcd that has to',
  'operator-managed':
    'the etcd belongs to an operator or a distribution that manages its certificates itself',
  'newer-version': 'a member is of a version newer than those that are known',
  'others-stay': 'a bundle holds CAs that the rotation leaves there',
  'no-old-ca': 'the CA that issued a leaf is not in the bundle that verifies it',
  'not-modelled': 'the cluster uses something that this version does not rotate',
  'slots-differ': 'the files of the agent file are not those the process was started with',
  'restart-unusable': 'what should restart a holder could not, or would restart something else',
  'single-file-mount': 'a file is mounted on its own, so that a swap would not be seen',
  stranger: 'somebody would refuse somebody',
  'permission-missing': 'etcd does not allow a call that the gates need',
  // what may go wrong on a node
  'process-not-found': 'no running process belongs to the holder',
  'snapshot-failed': 'the snapshot could not be taken',
  'install-failed': 'files could not be written; what was there is in place',
  'changed-by-others': 'a slot file was changed by somebody else',
  'restart-failed': 'a restart failed, the process is not a new one, or it ended again by itself',
  'not-serving': 'a member does not serve after its restart',
  'not-presented': 'a port does not present the leaf that lies on disk',
  'not-loaded': 'a process does not accept what its new bundle allows',
  'not-refused': 'a port still accepts what it must refuse',
  'not-provable': 'what was seen proves neither one nor the other',
  'not-reached': 'a member or client cannot reach another over TLS',
  'not-agreed': 'the members do not agree on leader, term or progress',
  'leader-not-moved': 'the leader could not be moved',
  'canary-lost': 'the key of a canary is gone, as after a restart of the agent',
  'key-lost': 'the private key made for a leaf is gone',
  'copies-lost': 'a node has lost what it kept from before the rotation',
  'timed-out': 'a step did not finish before its deadline',
  internal: 'a fault of etcd-rotate itself',
} as const;

export const FailureCode = z.enum(Object.keys(failureCodes) as [keyof typeof failureCodes]);
export type FailureCode = keyof typeof failureCodes;

/** An expected way not to succeed: a value, never thrown. */
export const Failure = z.strictObject({
  code: FailureCode,
  /** One sentence with the member, path and numbers in it. */
  message: z.string(),
  /** What the person on call does next. */
  hint: z.string(),
  /** Whether the same thing may succeed when it is done again. */
  retryable: z.boolean(),
  /** Further failures that this one sums up. */
  causes: z.array(z.string()).optional(),
});
export type Failure = z.infer<typeof Failure>;

export type Result<T> = { ok: true; value: T } | { ok: false; failure: Failure };

export function ok<T>(value: T): { ok: true; value: T } {
  return { ok: true, value };
}

export function fail(
  code: FailureCode,
  message: string,
  hint: string,
  retryable = false,
): { ok: false; failure: Failure } {
  return { ok: false, failure: { code, message, hint, retryable } };
}
