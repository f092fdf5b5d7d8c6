import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * The files in test/ start whole labs, most of them several: they come first, so that none of them is left alone at the
 * end. Otherwise as vitest has it: by how long they took the last time, or by their size.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const startsLabs = ({ moduleId }: TestSpecification): boolean =>
      relative(this.ctx.config.root, moduleId).startsWith('test/');
    return [...sorted.filter(startsLabs), ...sorted.filter((file) => !startsLabs(file))];
  }
}
