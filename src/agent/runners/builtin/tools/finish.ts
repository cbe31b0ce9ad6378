import { z } from 'zod';
import { defineTool } from './port.ts';

export const finishTool = defineTool({
  name: 'finish',
  description: 'Ends your work. Call it alone, when everything is done and checked, or when there is nothing to do.',
  nature: 'steer',
  input: z.object({
    summary: z
      .string()
      .min(1)
      .describe('Markdown for the pull request: what was changed and why, and how it was checked'),
  }),
  call: ({ summary }) => Promise.resolve({ kind: 'finished', summary }),
});
