// Handshakes keep a thread busy for milliseconds at a time, and the one that waits for a point has none to spare.

import { setTimeout as pause } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import type { LayoutOfHolders } from './holder-files.ts';
import { lookAround } from './look-around.ts';

/** Often enough to meet every step, and little enough to leave two cores free. */
const everyMs = 300;

let stopping = false;
parentPort?.once('message', () => {
  stopping = true;
});
while (!stopping) {
  parentPort?.postMessage(await lookAround(workerData as LayoutOfHolders));
  await pause(everyMs);
}
parentPort?.close();
