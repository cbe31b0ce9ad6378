import type { AgentBudget, ModelConfig } from '../../../config/index.ts';
import type { TaskUsage } from '../../port.ts';

/** Why no further call of the model may be made, or null. Time is not counted here. */
export function exceeded(
  budget: AgentBudget,
  used: TaskUsage,
): 'budget_steps' | 'budget_tokens' | 'budget_money' | null {
  if (used.steps >= budget.steps) return 'budget_steps';
  if (used.inputTokens + used.outputTokens >= budget.tokens) return 'budget_tokens';
  if (budget.money !== null && used.money !== null && used.money >= budget.money) return 'budget_money';
  return null;
}

/** What one call of the model used. */
export function usageOf(
  tokens: { readonly input: number; readonly output: number },
  price: ModelConfig['price'],
): TaskUsage {
  const { input, output } = tokens;
  const money =
    price.input === null || price.output === null ? null : (input * price.input + output * price.output) / 1e6;
  return { steps: 1, inputTokens: input, outputTokens: output, money };
}

export function addUsage(left: TaskUsage, right: TaskUsage): TaskUsage {
  const money = left.money === null && right.money === null ? null : (left.money ?? 0) + (right.money ?? 0);
  return {
    steps: left.steps + right.steps,
    inputTokens: left.inputTokens + right.inputTokens,
    outputTokens: left.outputTokens + right.outputTokens,
    money,
  };
}
