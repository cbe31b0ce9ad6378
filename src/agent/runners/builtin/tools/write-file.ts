import { z } from 'zod';
import { defineTool, done } from './port.ts';
import { writeText } from './text-file.ts';

export const writeFileTool = defineTool({
  name: 'write_file',
  description: 'Writes a whole text file, a new one or over an old one. Missing directories are made.',
  nature: 'change',
  input: z.object({
    path: z.string().describe('Relative to the checkout'),
    content: z.string().describe('All of its text'),
  }),
  call: async ({ path, content }, { root }) => {
    await writeText(root, path, content);
    return done(`Wrote ${path}: ${Buffer.byteLength(content)} bytes.`);
  },
});
