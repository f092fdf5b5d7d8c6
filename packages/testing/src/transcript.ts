import {
  type CaRef,
  type CommandResult,
  type Domain,
  type Entry,
  type Failure,
  holderName,
  type Plan,
  type Signed,
  type Slot,
  type SlotTarget,
  type Step,
} from '@etcd-rotate/protocol';

// Text that a reviewer can judge. Everything in it is a name, so that it is the same in every run.

/** A plan as a person reads it: who changes what in which order, and who looks. */
export function planTranscript(plan: Plan): string {
  const { etcdRestarts, clientRestarts, clientReloads, leaderMoves } = plan.estimate;
  return lines([
    ...header(plan),
    ...groupsOf(plan.steps).flatMap(groupLines),
    '----',
    `restarts  ${etcdRestarts} of members, ${clientRestarts} of clients`,
    `reloads   ${clientReloads}`,
    `moves     ${leaderMoves} of the lead`,
  ]);
}

/** What happened, from the journal: a line for each group of steps, and one for whatever did not go as planned. */
export function rotationTranscript(entries: readonly Entry[]): string {
  const text: string[] = [];
  let last = '';
  const say = (group: string, said: string): void => {
    // A gate is asked again of each member.
    if (group === last && text.at(-1)?.endsWith(said) && said.startsWith('again')) return;
    if (group === last && group !== '') text.push(`${text.pop()}, ${said}`);
    else text.push(`${group}${said}`);
    last = group;
  };
  const steps = new Map<string, Step>();
  // A change has a line of its own; those who prepare, or look after a change, share one.
  const labelOf = (id: string): string => {
    const step = steps.get(id);
    const group = [...steps.values()].filter((one) => one.group === step?.group);
    return label(step?.action.type === 'change' ? [step] : group);
  };
  for (const { body } of entries) {
    switch (body.type) {
      case 'lead':
        break;
      case 'started':
        for (const step of body.plan.steps) steps.set(step.id, step);
        text.push(...header(body.plan));
        break;
      case 'ca':
        say('', `ca        ${body.name} is ${body.role} for ${body.domains.join(' and ')}`);
        break;
      case 'sent':
        if (body.command.id.split('.').at(-2) !== '1')
          say(labelOf(body.step), `again ${body.command.body.type}`);
        break;
      case 'signed':
        say(labelOf(body.step), `signed ${signedBy(body.certificates)}`);
        break;
      case 'result':
        say(labelOf(body.step), outcomeOf(body.result));
        break;
      case 'held':
        say('', `----\nheld      ${failure(body.failure)}`);
        break;
      case 'holding':
        say('', `holding   by ${body.operator}`);
        break;
      case 'turned':
        for (const step of body.plan.steps) steps.set(step.id, step);
        say('', `turned    by ${body.operator}\n----`);
        text.push(...header(body.plan));
        break;
      case 'resumed':
        say('', `resumed   by ${body.operator}\n----`);
        break;
      case 'approved':
        say('', `approved  by ${body.operator}, before ${body.before}\n----`);
        break;
      case 'finished':
        say('', `----\n${body.outcome}`);
        break;
    }
  }
  return lines(text);
}

function header({ plannedFrom, domains, cluster, steps }: Plan): string[] {
  const members = plannedFrom.members.map(
    ({ holder, id }) => `${holderName(holder)}${id === plannedFrom.leader ? '*' : ''}`,
  );
  const clients = new Set(steps.map(({ holder }) => holder).filter((holder) => holder.startsWith('client/')));
  const each = Object.entries(domains) as [Domain, NonNullable<Plan['domains'][Domain]>][];
  return [
    `cluster   ${cluster}: ${members.join(' ')}; ${[...clients].map(holderName).join(' ')}`,
    ...each.map(
      ([domain, { old, target }]) =>
        `${domain.padEnd(10)}${old.map(({ facts }) => nameIn(facts.subject)).join(' ')} -> ${nameOf(target)}`,
    ),
    '----',
  ];
}

/** `trust     b     ` */
function label(group: readonly Step[]): string {
  const [first] = group;
  if (!first) return '';
  const changed =
    first.action.type === 'prove' ? first.action.after.replace(/^(back-)?[a-z]+-/, '') : undefined;
  const holders = group.flatMap(({ holder, action }) =>
    action.type === 'snapshot' ? [] : [holderName(holder)],
  );
  return `${first.stage.padEnd(10)}${(changed ?? holders.join(' ')).padEnd(8)}`.replace(/(\S)$/, '$1  ');
}

/** Steps that may be under way together stand below each other, with a plus. */
function groupLines(group: readonly Step[]): string[] {
  const changes = group.filter(({ action }) => action.type === 'change');
  if (changes.length === 0) return [`${label(group)}${what(group)}`];
  return changes.map(
    (step, i) =>
      `${(i === 0 ? step.stage : '').padEnd(8)}${i === 0 ? ' ' : '+'} ${label([step]).slice(10)}${changesOf(step)}`,
  );
}

function what(group: readonly Step[]): string {
  const reader = group.find(({ action }) => action.type === 'snapshot');
  if (reader) return `prepare, snapshot of ${holderName(reader.holder)}`;
  const [first] = group;
  const final = group.some(({ action }) => action.type === 'prove' && action.final);
  const thorough = first?.stage === 'retire' ? ', old leaves refused' : ', every port from every node';
  return first?.action.type === 'prepare'
    ? 'prepare'
    : `proven by ${group.map(({ holder }) => holderName(holder)).join(' ')}${final ? thorough : ''}`;
}

function changesOf({ action }: Step): string {
  if (action.type !== 'change') return '';
  const { slots, taken, handOverTo } = action;
  const moves = handOverTo ? `lead to ${holderName(handOverTo)}, ` : '';
  const changes = (Object.entries(slots) as [Slot, SlotTarget][]).map(([slot, target]) => {
    if ('kept' in target) return `${slot} of before`;
    if ('leafOf' in target) return `${slot} of ${nameOf(target.leafOf)}`;
    return `${slot} ${target.bundle.map(nameOf).join('+')}`;
  });
  return `${moves}${changes.join(', ')}, ${taken}`;
}

function outcomeOf({ outcome, node, holder }: CommandResult): string {
  if (!outcome.ok) return `${holderName(holder)}: ${outcome.failure.code} (${outcome.decision})`;
  const { value } = outcome;
  switch (value.type) {
    case 'observed':
      return `${node} observed`;
    case 'led':
      return `${node} follows`;
    case 'key-trusted':
      return `${node} obeys the new key`;
    case 'prepared':
      return `${node} prepared`;
    case 'snapshot-taken':
      return `${holderName(holder)} snapshot`;
    case 'requested':
      return 'requested';
    case 'changed': {
      const moved = value.leaderMoved ? 'lead moved, ' : '';
      return `${moved}${value.restarted ? 'restarted' : 'changed'}`;
    }
    case 'proven': {
      const missing = value.proofs.filter(({ verdict }) => verdict !== 'proven');
      const name = holderName(holder);
      return missing.length === 0
        ? `${name} ok`
        : `${name} not ok (${missing.map(({ what: claimed, verdict }) => `${claimed} ${verdict}`).join(', ')})`;
    }
  }
}

function signedBy(certificates: readonly Signed[]): string {
  const each = certificates.map(({ for: purpose }) =>
    'slot' in purpose ? purpose.slot : `${purpose.canary} canary`,
  );
  return each.join(' and ');
}

function failure({ code, message, hint }: Failure): string {
  return `${code}: ${message}\n          hint: ${hint}`;
}

function nameOf(ref: CaRef): string {
  return ref.role === 'seen' ? nameIn(ref.certificate.facts.subject) : ref.name;
}

function nameIn(subject: string): string {
  return subject.replace('CN=', '');
}

function groupsOf(steps: readonly Step[]): Step[][] {
  const groups = new Map<number, Step[]>();
  for (const step of steps) groups.set(step.group, [...(groups.get(step.group) ?? []), step]);
  return [...groups.values()];
}

function lines(text: readonly string[]): string {
  return `${text.join('\n')}\n`;
}
