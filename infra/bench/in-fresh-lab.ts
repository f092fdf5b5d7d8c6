import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { endLab, type Lab, type LabOptions, startLab } from '@etcd-rotate/lab';

/** A lab for one use, which is ended however that goes, and at once when the signal says so. */
export async function inFreshLab<T>(
  options: LabOptions,
  signal: AbortSignal,
  use: (lab: Lab) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const folder = mkdtempSync(join(tmpdir(), 'etcd-rotate-lab-'));
  const used = startLab({ ...options, folder }).then(use);
  try {
    return await Promise.race([used, whenAborted(signal)]);
  } finally {
    await endLab(folder);
    if (signal.aborted) {
      // What it was in the middle of may have made a file since.
      await Promise.race([used.catch(() => undefined), pause(5_000)]);
      await endLab(folder);
    }
  }
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
