import { z } from 'zod';
import { count, defineTool, done, refusal } from './port.ts';
import { readText } from './text-file.ts';

const LONGEST_LINE = 2000;

export const readFileTool = defineTool({
  name: 'read_file',
  description:
    'Reads a text file of the checkout. Every line is printed with its number and a tab before it; they are not part of the file.',
  nature: 'look',
  input: z.object({
    path: z.string().describe('Relative to the checkout'),
    offset: count('First line to read, from 1'),
    limit: count('How many lines'),
  }),
  call: async ({ path, offset = 1, limit = Number.POSITIVE_INFINITY }, { root, cap, redact }) => {
    const text = redact(await readText(root, path));
    if (text === '') return done(`${path} is empty.`);
    const lines = text.replace(/\r?\n$/, '').split(/\r?\n/);
    if (offset > lines.length) return refusal(`${path} has only ${lines.length} lines.`);
    const printed: string[] = [];
    let room = cap;
    for (let at = offset; at <= lines.length && at < offset + limit; at += 1) {
      const line = `${at}\t${shorten(lines[at - 1] ?? '')}`;
      if (room < line.length && printed.length > 0) break;
      printed.push(line.slice(0, cap));
      room -= line.length + 1;
    }
    const last = offset + printed.length - 1;
    if (last >= lines.length) return done(printed.join('\n'));
    return done(
      `${printed.join('\n')}\n[lines ${offset} to ${last} of ${lines.length}; go on with offset ${last + 1}]`,
    );
  },
});

function shorten(line: string): string {
  return line.length <= LONGEST_LINE ? line : `${line.slice(0, LONGEST_LINE)} [… line has ${line.length} characters]`;
}
