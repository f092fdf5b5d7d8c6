import type { LabOptions } from '@etcd-rotate/lab';

type Policy = NonNullable<LabOptions['policy']>;

/** For what is killed and comes back: nobody may give up on it, however busy the machine is. */
export const patient: Policy = { startTimeout: '15s', stepTimeout: '30s', patience: '20s' };

/** For what is stopped for longer than that: a run that outlasts deadlines shall take seconds. */
export const impatient: Policy = { startTimeout: '6s', stepTimeout: '10s', patience: '5s' };
