import type { Log } from '@etcd-rotate/daemon';
import type { Journal } from '@etcd-rotate/journal';
import type {
  CoordinatorIdentity,
  Failure,
  FleetFile,
  OperatorReply,
  OperatorRequest,
  Plan,
  Result,
} from '@etcd-rotate/protocol';
import type { PlanningPorts, Ports } from '@etcd-rotate/runner';
import { adopt, adoptKey } from './answers/adopt.ts';
import { approve } from './answers/approve.ts';
import { type CaStore, listCas } from './answers/cas.ts';
import { Desk } from './answers/desk.ts';
import { destroy } from './answers/destroy.ts';
import { listNodes, nodeAdd, nodeRemove } from './answers/nodes.ts';
import { planRollback, rollback } from './answers/roll-back.ts';
import { plan, start } from './answers/start.ts';
import { status } from './answers/status.ts';
import { abandon, hold, resetEpoch, resume } from './answers/steer.ts';
import type { Identities } from './identities/identities.ts';
import type { NatsUsers } from './identities/nats-users.ts';
import type { RefusedCount } from './identities/refused.ts';
import { journalPage } from './journal-page.ts';

type Value = Extract<OperatorReply['outcome'], { ok: true }>['value'];
type CoordinatorStatus = Extract<Value, { type: 'status' }>['coordinators'][number];

export interface CoordinatorParts {
  fleet: FleetFile;
  journal: Journal;
  ports: Ports & PlanningPorts;
  own: CoordinatorIdentity;
  /** Who may say something. */
  identities: Identities;
  nats: NatsUsers;
  refused: RefusedCount;
  /** CAs and their keys. */
  cas: CaStore;
  /** Takes the lead again, under an epoch above `seen`. */
  lead(seen: number): Promise<Result<unknown>>;
  /** The journal cannot be written: whoever runs us has to look, and start us again. */
  onFatal(failure: Failure): void;
  /** Told of every plan that was shown: it may be run soon. */
  onPlan(plan: Plan): void;
  log: Pick<Log, 'info' | 'error'>;
  /** Those that are known, and which of them leads. */
  coordinators(): CoordinatorStatus[];
}

/** Answers operators and keeps one loop running for every rotation that is not held or finished. */
export class Coordinator {
  readonly #desk: Desk;

  constructor(parts: CoordinatorParts) {
    this.#desk = new Desk(parts);
  }

  /** Goes on with every rotation that was under way when the last coordinator ended. */
  resumeAll(): void {
    const { rotations, loops } = this.#desk;
    for (const { id } of rotations.all()) loops.run(id);
  }

  stop(): Promise<void> {
    return this.#desk.loops.stop();
  }

  answer({ id, operator, body }: OperatorRequest): Promise<OperatorReply['outcome']> {
    const desk = this.#desk;
    switch (body.type) {
      case 'plan':
        return plan(desk, body.request);
      case 'start':
        return start(desk, { id, operator }, body);
      case 'status':
        return status(desk, body);
      case 'journal':
        return journalPage(desk.parts.journal, body);
      case 'hold':
        return hold(desk, operator, body.rotation);
      case 'resume':
        return resume(desk, operator, body.rotation);
      case 'plan-rollback':
        return planRollback(desk, body);
      case 'rollback':
        return rollback(desk, { id, operator }, body);
      case 'abandon':
        return abandon(desk, operator, body.rotation);
      case 'approve':
        return approve(desk, operator, body);
      case 'node-add':
        return nodeAdd(desk, operator, body);
      case 'node-remove':
        return nodeRemove(desk, operator, body);
      case 'nodes':
        return listNodes(desk);
      case 'cas':
        return listCas(desk);
      case 'ca-adopt-key':
        return adoptKey(desk, operator);
      case 'ca-adopt':
        return adopt(desk, operator, body);
      case 'ca-destroy':
        return destroy(desk, operator, body);
      case 'reset-epoch':
        return resetEpoch(desk, body.cluster);
    }
  }
}
