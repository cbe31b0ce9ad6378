import { z } from 'zod';
import { cleanPath, findInside } from './inside.ts';
import { lookAround } from './look-around.ts';
import { defineTool, done } from './port.ts';

export const listFilesTool = defineTool({
  name: 'list_files',
  description:
    'Lists files of the checkout, without .git and, unless they are named, node_modules. Links are not followed.',
  nature: 'look',
  input: z.object({
    path: z.string().optional().describe('Directory, relative to the checkout'),
    glob: z.string().optional().describe('Pattern such as src/**/*.ts; without a slash it is about names'),
  }),
  call: async ({ path = '.', glob = '**' }, { root, cap, signal, redact }) => {
    await findInside(root, path);
    const found = await lookAround({ root, path: cleanPath(root, path), glob, search: null, cap }, signal);
    if (found.lines.length === 0) return done('No file is there.');
    return done(redact(`${found.lines.join('\n')}${found.complete ? '' : '\n[there are more: narrow it down]'}`));
  },
});
