import { lookAtPlans } from './look-at-plans.ts';

lookAtPlans([0, 0.5]);
