import { type Mutation, mutationsOf } from '../mutation.ts';

const coordinator = 'apps/coordinator/src';

/** Who is let in, and whose word counts. */
export const speaking: Mutation[] = [
  ...mutationsOf(`${coordinator}/identities/identities.ts`, [
    ['whoever ends has no token either', '    this.#invitations.delete(name);\n', ''],
    [
      'a token that was taken back lets nobody in',
      'if (this.#invitations.get(name)?.token !== token) break;',
      '',
    ],
    ['a token ends', 'Date.parse(there.expiresAt) > now.getTime() ? there', 'now ? there'],
    ['a removed node is not known by its file', '    this.#made.delete(name);\n', ''],
    ['a token is known for ever', '        this.#tokens.add(token);\n', ''],
    ['a node that joins anew has to be told whom it obeys', '    this.#obeys.delete(name);\n', ''],
  ]),
  ...mutationsOf(`${coordinator}/answers/join.ts`, [
    ['the token is the one that is waited for', 'if (invited?.token !== token)', 'if (!invited)'],
    ['who asks again has the same signing key', 'there.known.key === publicKey &&', ''],
    ['who asks again has the same nkey', '&& there.known.nkey === nkey', ''],
    ['nobody is replaced by the way', 'if (there && !invited.replaces)', 'if (!there && invited.replaces)'],
    ['an nkey is known once', 'if (isTaken(nkey, { node, identities, own })) return taken(node);', ''],
    ['NATS is told before a node hears that it is in', 'return told.ok ?', 'return told ?'],
  ]),
  ...mutationsOf(`${coordinator}/identities/refused.ts`, [
    ['made-up names do not fill the memory', 'this.#counts.size > most', 'this.#counts.size < 0'],
    ['senders are told apart', 'const key = `${code} ${who}`;', 'const key = `${code}`;'],
  ]),
  ...mutationsOf('packages/host/src/trusted-key.ts', [
    [
      'another identity file brings its own key',
      'return before === pinned ? key : undefined;',
      'return key;',
    ],
    [
      'a key is obeyed once it is written down',
      '      await writeDurably(path, `${pinned} ${key}\\n`);\n',
      '      current = key;\n      await writeDurably(path, `${pinned} ${key}\\n`);\n',
    ],
  ]),
];
