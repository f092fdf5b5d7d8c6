import { createTokenKey } from '@etcd-rotate/bus';
import type { OperatorBody } from '@etcd-rotate/protocol';
import type { Case, Scene } from '../case.ts';
import { aRequest, request, signed } from '../messages.ts';

/** An operator who may look asks for everything else. */
export const readOnly: Scene = async (stage) => {
  const [eve, admin] = [await stage.as('operator', 'eve'), await stage.as('operator', 'admin')];
  const keyOf = (name: string) => stage.who.of('operator', name).signingKey;
  const plan = {
    ...{ cluster: 'demo', strategy: 'staged', targets: {}, acceptDowntime: false, leaves: 'all' },
    ...{ domains: ['client', 'peer'], retire: [], reissue: false, confirmRetire: false },
  } satisfies Extract<OperatorBody, { type: 'plan' }>['request'];
  const token = createTokenKey().token;
  const bodies: Record<string, OperatorBody> = {
    'starts a rotation': { type: 'start', request: plan, digest: '0'.repeat(64) },
    'holds a rotation': { type: 'hold', rotation: 'r1' },
    'resumes a rotation': { type: 'resume', rotation: 'r1' },
    'rolls a rotation back': { type: 'rollback', rotation: 'r1', keepNewCa: false, digest: '0'.repeat(64) },
    'abandons a rotation': { type: 'abandon', rotation: 'r1' },
    'approves a rotation': { type: 'approve', rotation: 'r1', digest: '0'.repeat(64) },
    'lets a node in': { type: 'node-add', node: 'n50', token, replace: false },
    'removes a node': { type: 'node-remove', node: 'n50' },
    'destroys a CA key': { type: 'ca-destroy', name: 'no-such-ca' },
    'has the coordinator lead anew': { type: 'reset-epoch', cluster: 'demo' },
  };
  return Object.entries(bodies).map(([name, body]): Case => {
    const as = (operator: string, bus = eve): Promise<string> =>
      request(stage, bus, signed('request', aRequest(stage, { operator, body }), keyOf(operator), operator));
    return {
      class: 'read-only',
      name,
      by: 'operator eve, who may look',
      expected: 'not-permitted',
      attack: () => as('eve'),
      // Somebody who may is heard; whether what he asks for can be done is another question.
      control: async () => ((await as('admin', admin)) === 'not-permitted' ? 'not-permitted' : 'obeyed'),
    };
  });
};
