import { z } from 'zod';
import { cleanPath, findInside } from './inside.ts';
import { lookAround } from './look-around.ts';
import { Refused, defineTool, done } from './port.ts';

export const searchTool = defineTool({
  name: 'search',
  description:
    'Searches the text files of the checkout line by line, without .git and, unless they are named, node_modules. Prints path:line: text.',
  nature: 'look',
  input: z.object({
    pattern: z.string().min(1).describe('Plain text, or a regular expression of JavaScript with regex'),
    regex: z.boolean().optional().describe('Whether pattern is a regular expression; false'),
    ignore_case: z.boolean().optional(),
    path: z.string().optional().describe('File or directory, relative to the checkout'),
    glob: z.string().optional().describe('Pattern such as docs/**/*.md; without a slash it is about names'),
  }),
  call: async ({ pattern, regex = false, ignore_case = false, path = '.', glob = '**' }, place) => {
    const { root, cap, signal, redact } = place;
    await findInside(root, path);
    const source = regex ? pattern : pattern.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
    const flags = ignore_case ? 'i' : '';
    refuseBroken(source, flags);
    const found = await lookAround({ root, path: cleanPath(root, path), glob, search: { source, flags }, cap }, signal);
    if (found.lines.length === 0) return done('Nothing was found.');
    return done(redact(`${found.lines.join('\n')}${found.complete ? '' : '\n[there is more: narrow it down]'}`));
  },
});

function refuseBroken(source: string, flags: string): void {
  try {
    RegExp(source, flags);
  } catch (thrown) {
    throw new Refused(`The pattern is no regular expression: ${(thrown as Error).message}`);
  }
}
