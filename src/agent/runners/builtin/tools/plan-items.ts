import { z } from 'zod';
import type { PlanItem } from '../../../port.ts';

const MOST_ITEMS = 50;
const LONGEST_ITEM = 300;

const text = z.string().min(1).max(LONGEST_ITEM).describe('One step, in a few words');
const item = z.object({ text, done: z.boolean().default(false).describe('Whether it is done') });

/** Small models often name a step by its text alone. */
export const planItems = z
  .array(z.union([item, text]))
  .min(1)
  .max(MOST_ITEMS)
  .describe('All steps in their order, those that are done included');

export function itemsOf(items: z.output<typeof planItems>): readonly PlanItem[] {
  return items.map((each) => (typeof each === 'string' ? { text: each, done: false } : each));
}
