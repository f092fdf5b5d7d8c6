import { clusterName, type Lab } from '@etcd-rotate/lab';
import type { Ended } from './contenders.ts';

/** `rotate` as a script would call it. */
export async function rotateByTool(lab: Lab, how: string[], signal: AbortSignal): Promise<Ended> {
  // Without a second member every restart is an outage, and rotate wants to be told so.
  const agreed = lab.options.members === 1 ? ['--accept-downtime'] : [];
  const words = ['--cluster', clusterName, ...how, ...agreed, '--yes', '--json'];
  const { code, stdout, stderr } = await lab.rotate(words, { signal });
  if (code === 0) return { outcome: 'rotated' };
  return { outcome: `exit code ${code}: ${lastLine(stderr) || lastLine(stdout)}` };
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
