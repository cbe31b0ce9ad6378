import { z } from 'zod';
import { itemsOf, planItems } from './plan-items.ts';
import { defineTool } from './port.ts';

export const proposePlanTool = defineTool({
  name: 'propose_plan',
  description: 'Ends your work with a plan, which a person approves before anything is changed.',
  nature: 'steer',
  input: z.object({
    items: planItems,
    text: z.string().min(1).describe('Markdown: what you found, what you would change and why'),
  }),
  call: ({ items, text }) => Promise.resolve({ kind: 'proposed', items: itemsOf(items), text }),
});
