import { expect, test } from 'vitest';
import { nodeTooOld } from './require-node.ts';

test.each(['20.20.2', '22.21.9', '18.0.0'])('Node %s is refused by name', (version) => {
  expect(nodeTooOld(version)).toBe(`this is Node ${version}, and Node 22.22 or newer is needed`);
});

test.each(['22.22.0', '22.23.3', '24.0.0'])('Node %s will do', (version) => {
  expect(nodeTooOld(version)).toBeUndefined();
});
