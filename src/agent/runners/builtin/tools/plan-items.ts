import { z } from 'zod';

const MOST_ITEMS = 50;
const LONGEST_ITEM = 300;

export const planItems = z
  .array(
    z.object({
      text: z.string().min(1).max(LONGEST_ITEM).describe('One step, in a few words'),
      done: z.boolean().describe('Whether it is done'),
    }),
  )
  .min(1)
  .max(MOST_ITEMS)
  .describe('All steps in their order, those that are done included');
