import type { Mutation } from '../mutation.ts';
import { checks } from './checks.ts';
import { outside } from './outside.ts';
import { certificates, signing } from './pki.ts';
import { plans } from './plans.ts';
import { restarts } from './restarts.ts';
import { running } from './running.ts';
import { speaking } from './speaking.ts';
import { trust } from './trust.ts';

/** At least one mutation for each rule. */
export const table: readonly Mutation[] = [
  ...trust,
  ...plans,
  ...running,
  ...restarts,
  ...checks,
  ...certificates,
  ...signing,
  ...speaking,
  ...outside,
];
