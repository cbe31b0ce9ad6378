import type { Job, TaskUsage } from '../../port.ts';
import { type UsedUp, addUsage, exceeded } from '../budget.ts';

/** What the task has used before, and what this run adds to it. */
export interface Purse {
  take(used: Partial<TaskUsage>): void;
  /** Reason code of the part of the budget that is used up; null when all have something left. */
  usedUp(): UsedUp | null;
}

export function createPurse({ task, settings }: Pick<Job, 'task' | 'settings'>): Purse {
  let total = task.usage;
  return {
    take: (used) => {
      total = addUsage(total, used);
    },
    usedUp: () => exceeded(settings.budget, total),
  };
}
