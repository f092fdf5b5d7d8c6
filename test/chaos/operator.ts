import { setTimeout as pause } from 'node:timers/promises';
import type { Lab, Ran } from '@etcd-rotate/lab';
import type { EntryBody, Failure } from '@etcd-rotate/protocol';
import type { AskedFor } from './await-point.ts';
import type { JournalTail } from './journal-tail.ts';

export interface Hold {
  failure: Failure;
  at: number;
}

/** Nobody resumes for ever. */
const mostResumes = 8;

export interface OperatorParts {
  lab: Lab;
  tail: JournalTail;
  asked: AskedFor;
  /** Whether what is held is rolled back instead of resumed. */
  back: boolean;
  say(what: string): void;
}

/** Does by hand what an operator would: starts, reads why it is held, resumes or rolls back, asks again where nobody hears. */
export class Operator {
  readonly holds: Hold[] = [];
  /** What was refused, in words. */
  readonly refusals: string[] = [];
  readonly #parts: OperatorParts;
  #resumes = 0;

  constructor(parts: OperatorParts) {
    this.#parts = parts;
  }

  /** Sees the rotation through to its end; the caller bounds it. */
  async seeThrough(signal: AbortSignal): Promise<void> {
    let running: Running | undefined;
    while (!signal.aborted) {
      const state = this.#state();
      if (state.status === 'finished') return;
      if (state.status === 'held') this.#note(state);
      if (state.status !== 'running' && (!running || running.ended)) {
        if (running) await pause(300);
        running = this.#next(state);
      }
      await pause(20);
    }
  }

  async hold(): Promise<void> {
    const { asked } = this.#parts;
    asked.note('holding');
    for (let tries = 0; tries < 20; tries += 1) {
      const ran = await this.#ask(['hold', this.#rotation() ?? 'none']);
      const { status } = this.#state();
      if (ran.code === 0 || status === 'held' || status === 'finished') return;
      await pause(300);
    }
  }

  #next(state: State): Running {
    const { asked, back } = this.#parts;
    if (state.status === 'none') {
      asked.note('started');
      return follow(this.#ask(['--cluster', 'demo', '--yes']));
    }
    this.#resumes += 1;
    if (this.#resumes > mostResumes * 10) throw new Error(`held for ever: ${this.refusals.at(-1)}`);
    const rotation = this.#rotation() ?? '';
    if (back && !this.#turned()) {
      asked.note('turned');
      return follow(this.#ask(['rollback', rotation, '--yes']));
    }
    asked.note('resumed');
    return follow(this.#ask(['resume', rotation]));
  }

  async #ask(args: string[]): Promise<Ran> {
    const { lab, say } = this.#parts;
    say(`rotate ${args.join(' ')}`);
    const ran = await lab.rotate([...args, '--json']);
    const said = (ran.stderr.trim() || ran.stdout.trim().split('\n').at(-1)) ?? '';
    say(`rotate ${args[0]}: exit ${ran.code}: ${said.slice(0, 400)}`);
    if (ran.code !== 0 && ran.code !== 4) this.refusals.push(said);
    return ran;
  }

  #note({ failure, at }: Extract<State, { status: 'held' }>): void {
    if (this.holds.some((hold) => hold.at === at)) return;
    if (this.holds.length >= mostResumes) throw new Error(`held ${mostResumes} times: ${failure.message}`);
    this.holds.push({ failure, at });
    this.#parts.say(`held: ${failure.code}: ${failure.message}`);
  }

  #rotation(): string | undefined {
    return this.#bodies().find((body) => body.type === 'started')?.rotation;
  }

  #turned(): boolean {
    return this.#bodies().some(({ type }) => type === 'turned');
  }

  #state(): State {
    const { tail } = this.#parts;
    const last = tail.entries.findLast(({ body }) => states.has(body.type));
    if (!last) return { status: 'none' };
    const { body, at } = last;
    if (body.type === 'held') return { status: 'held', failure: body.failure, at: Date.parse(at) };
    return { status: body.type === 'finished' ? 'finished' : 'running' };
  }

  #bodies(): EntryBody[] {
    return this.#parts.tail.entries.map(({ body }) => body);
  }
}

type State = { status: 'none' | 'running' | 'finished' } | { status: 'held'; failure: Failure; at: number };

const states: ReadonlySet<EntryBody['type']> = new Set(['started', 'held', 'resumed', 'turned', 'finished']);

interface Running {
  ended: boolean;
}

function follow(ran: Promise<unknown>): Running {
  const running = { ended: false };
  void ran.finally(() => {
    running.ended = true;
  });
  return running;
}
