import { z } from 'zod';
import { Refused, defineTool, done } from './port.ts';
import { readText, writeText } from './text-file.ts';

export const editFileTool = defineTool({
  name: 'edit_file',
  description:
    'Replaces one piece of a text file. old_text must be in the file exactly once, with its white space, and without line numbers: take ' +
    'some lines around the place so that it is unique. Use write_file for new files.',
  nature: 'change',
  input: z.object({
    path: z.string().describe('Relative to the checkout'),
    old_text: z.string().describe('What is replaced, exactly as it stands in the file'),
    new_text: z.string().describe('What stands there afterwards'),
  }),
  call: async ({ path, old_text, new_text }, { root }) => {
    const before = await readText(root, path);
    const after = replaceOnce(before, old_text, new_text);
    await writeText(root, path, after);
    const line = before.slice(0, firstDifference(before, after)).split('\n').length;
    return done(`Edited ${path} at line ${line}.`);
  },
});

/** Throws `Refused` with what helps to do it better. A file with CRLF is edited with texts that have LF, and keeps its own. */
export function replaceOnce(text: string, old: string, fresh: string): string {
  if (old === '') throw new Refused('old_text is empty: use write_file to write a whole file.');
  if (old === fresh) throw new Refused('old_text and new_text are the same.');
  const crlf = text.includes('\r\n') && !old.includes('\r') && !text.includes(old);
  const wanted = crlf ? old.replaceAll('\n', '\r\n') : old;
  const written = crlf && !fresh.includes('\r') ? fresh.replaceAll('\n', '\r\n') : fresh;
  const at = text.indexOf(wanted);
  if (at === -1) throw new Refused(absence(text, old));
  const places = placesOf(text, wanted);
  if (places.length > 1) {
    throw new Refused(`old_text is there ${places.length} times, at lines ${places.join(', ')}: add lines around it.`);
  }
  return `${text.slice(0, at)}${written}${text.slice(at + wanted.length)}`;
}

const MOST_PLACES = 20;

function placesOf(text: string, wanted: string): readonly number[] {
  const lines: number[] = [];
  for (let at = text.indexOf(wanted); at !== -1 && lines.length < MOST_PLACES; at = text.indexOf(wanted, at + 1)) {
    lines.push(lineAt(text, at));
  }
  return lines;
}

function lineAt(text: string, at: number): number {
  return text.slice(0, at).split('\n').length;
}

function absence(text: string, old: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  const wanted = old.split('\n').map((line) => line.trim());
  const same = lines.findIndex((_, from) => wanted.every((line, at) => lines[from + at] === line));
  if (same !== -1) {
    return `old_text is not there with exactly this white space; lines ${same + 1} to ${same + wanted.length} differ in it: read them again.`;
  }
  if (/^\d+\t/.test(old)) return 'old_text is not in the file: leave out the line numbers that read_file prints.';
  const first = wanted.find((line) => line.length > 3);
  const near = first === undefined ? -1 : lines.indexOf(first);
  if (near !== -1)
    return `old_text is not in the file; its first line is at line ${near + 1}, what follows differs: read it again.`;
  return 'old_text is not in the file: read it again.';
}

function firstDifference(left: string, right: string): number {
  let at = 0;
  while (at < left.length && left[at] === right[at]) at += 1;
  return at;
}
