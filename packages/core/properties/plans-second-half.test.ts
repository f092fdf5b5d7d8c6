import { lookAtPlans } from './look-at-plans.ts';

lookAtPlans([0.5, 1]);
