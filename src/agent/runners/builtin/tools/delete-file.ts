import { lstat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { cleanPath, findInside } from './inside.ts';
import { Refused, defineTool, done } from './port.ts';

export const deleteFileTool = defineTool({
  name: 'delete_file',
  description: 'Deletes one file, or a link itself and not what it leads to.',
  nature: 'change',
  input: z.object({ path: z.string().describe('Relative to the checkout') }),
  call: async ({ path }, { root }) => {
    const clean = cleanPath(root, path);
    const real = join(await findInside(root, dirname(clean)), basename(clean));
    const facts = await lstat(real).catch(() => null);
    if (facts === null) throw new Refused(`${path} does not exist.`);
    if (facts.isDirectory()) throw new Refused(`${path} is a directory: delete its files, or use run.`);
    await unlink(real);
    return done(`Deleted ${path}.`);
  },
});
