// Ends a demo that was left running: `end` in its folder calls this.

import { endLeftovers } from '@etcd-rotate/lab';

const [, , folder] = process.argv;
if (folder === undefined) {
  console.error('usage: node infra/demo/end.ts FOLDER');
  process.exit(2);
}
const ended = await endLeftovers(folder);
console.log(ended.length > 0 ? `ended, and removed ${folder}` : `${folder} is not there`);
