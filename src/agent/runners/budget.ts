import type { AgentBudget, ModelConfig } from '../../config/index.ts';
import { type AnswerUsage, costOf } from '../model/usage.ts';
import type { TaskUsage } from '../port.ts';

export type UsedUp = 'budget_steps' | 'budget_tokens' | 'budget_money';

/** Why no further call of the model may be made, or null. Time is not counted here. */
export function exceeded(budget: AgentBudget, used: TaskUsage): UsedUp | null {
  if (used.steps >= budget.steps) return 'budget_steps';
  if (used.inputTokens + used.outputTokens >= budget.tokens) return 'budget_tokens';
  if (budget.money !== null && used.money !== null && used.money >= budget.money) return 'budget_money';
  return null;
}

/** What one call of the model used. */
export function usageOf(tokens: AnswerUsage, price: ModelConfig['price']): TaskUsage {
  return { steps: 1, ...tokens, money: costOf(tokens, price) };
}

export function addUsage(left: TaskUsage, right: Partial<TaskUsage>): TaskUsage {
  const { steps = 0, inputTokens = 0, outputTokens = 0, money = null } = right;
  return {
    steps: left.steps + steps,
    inputTokens: left.inputTokens + inputTokens,
    outputTokens: left.outputTokens + outputTokens,
    money: money === null ? left.money : (left.money ?? 0) + money,
  };
}
