import type { Job, TaskUsage } from '../../port.ts';
import type { Circumstances } from './ending.ts';

/** What the task has used before, and what this run adds to it. */
export interface Purse {
  take(used: Partial<TaskUsage>): void;
  /** Reason code of the part of the budget that is used up; null when all have something left. */
  usedUp(): Circumstances['usedUp'];
}

export function createPurse({ task, settings }: Pick<Job, 'task' | 'settings'>): Purse {
  const { budget } = settings;
  let { steps, inputTokens, outputTokens } = task.usage;
  let money = task.usage.money ?? 0;
  return {
    take: (used) => {
      steps += used.steps ?? 0;
      inputTokens += used.inputTokens ?? 0;
      outputTokens += used.outputTokens ?? 0;
      money += used.money ?? 0;
    },
    usedUp: () => {
      if (steps >= budget.steps) return 'budget_steps';
      if (inputTokens + outputTokens >= budget.tokens) return 'budget_tokens';
      return budget.money !== null && money >= budget.money ? 'budget_money' : null;
    },
  };
}
