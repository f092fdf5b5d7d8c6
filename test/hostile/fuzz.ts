import fc from 'fast-check';
import { generated } from './fuzz/generated.ts';
import { type Parser, parsers } from './fuzz/parsers.ts';

export interface Fuzzed {
  parser: string;
  runs: number;
  /** What was found, with how to see it again; nothing where nothing was. */
  found: string | undefined;
}

/** Of a processor's time, for one input: whatever else this machine does meanwhile. */
const tooLongMs = 3_000;

/**
 * Gives every parser of outside bytes random ones, valid ones with something changed, and JSON of any depth, for so many
 * seconds together. A parser answers with a value or a failure of ours; a throw is one of neither.
 */
export async function fuzz(seed: number, seconds: number): Promise<Fuzzed[]> {
  await using opened = await parsers();
  const each = (seconds * 1000) / opened.all.length;
  const all: Fuzzed[] = [];
  for (const parser of opened.all) all.push(await fuzzOne(parser, seed, each));
  return all;
}

/** @param interruptAfterTimeLimit milliseconds */
export async function fuzzOne(
  parser: Parser,
  seed: number,
  interruptAfterTimeLimit: number,
): Promise<Fuzzed> {
  let runs = 0;
  const property = fc.asyncProperty(generated(parser.samples), async (bytes) => {
    runs += 1;
    const began = process.cpuUsage();
    await parser.read(bytes);
    const { user, system } = process.cpuUsage(began);
    const took = (user + system) / 1000;
    if (took > tooLongMs) throw new Error(`took ${Math.round(took)} ms`);
  });
  const inTime = await fc.check(property, { seed, numRuns: 1_000_000_000, interruptAfterTimeLimit });
  // On a busy machine not even one may have come to its end: that is no finding, and one is waited for.
  const details =
    inTime.interrupted && inTime.numRuns === 0 ? await fc.check(property, { seed, numRuns: 1 }) : inTime;
  if (!details.failed) return { parser: parser.name, runs, found: undefined };
  const { counterexample, errorInstance } = details;
  const [bytes = Buffer.alloc(0)] = counterexample ?? [];
  const why =
    errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : String(errorInstance);
  const input = Buffer.from(bytes).toString('base64').slice(0, 2000);
  return { parser: parser.name, runs, found: `${why}\n      input (base64): ${input}` };
}
