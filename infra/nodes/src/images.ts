import { join } from 'node:path';
import { runProgram } from '@etcd-rotate/lab';

/** `3.5-older` is another release of 3.5, with other behaviour under TLS (facts: etcd, section 9). */
export type EtcdVintage = '3.4' | '3.5' | '3.5-older';

const script = join(import.meta.dirname, '../../images/build.sh');

/**
 * The image of a node, built when it is not there yet.
 *
 * @param deb our package, installed in it without a network
 */
export async function imageOf(etcd: EtcdVintage, deb?: string): Promise<string> {
  const { code, stdout, stderr } = await runProgram([script, etcd, ...(deb ? [deb] : [])]);
  if (code !== 0) throw new Error(`infra/images/build.sh ${etcd}: exit ${code}: ${stderr}`);
  return stdout.trim();
}
