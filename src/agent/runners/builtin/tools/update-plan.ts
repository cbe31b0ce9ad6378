import { z } from 'zod';
import { itemsOf, planItems } from './plan-items.ts';
import { defineTool } from './port.ts';

export const updatePlanTool = defineTool({
  name: 'update_plan',
  description:
    'Sets the checklist of your work, which people see. Call it before your first edit, and whenever a step is done or the plan changes.',
  nature: 'steer',
  input: z.object({ items: planItems }),
  call: ({ items }) => Promise.resolve({ kind: 'plan', items: itemsOf(items) }),
});
