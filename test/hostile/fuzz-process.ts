// Started by fuzz-beside.ts, which wants what was found.

import { fuzz } from './fuzz.ts';

const [seed, seconds] = process.argv.slice(2).map(Number);
if (seed === undefined || seconds === undefined) throw new Error('fuzz-process.ts SEED SECONDS');
process.send?.(await fuzz(seed, seconds), () => process.exit());
