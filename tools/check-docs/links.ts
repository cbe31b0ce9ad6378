import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

const LINK = /\[[^\]]*\]\(([^)\s]+)\)/g;
const CODE_BLOCK = /^```[\s\S]*?^```/gm;

/** Links of a Markdown file that lead to no file of the repository, or to no heading of that file. */
export async function findBrokenLinks(repository: string, path: string): Promise<readonly string[]> {
  const text = (await readFile(join(repository, path), 'utf8')).replaceAll(CODE_BLOCK, '');
  const faults: string[] = [];
  for (const [, link = ''] of text.matchAll(LINK)) {
    if (/^[a-z]+:/.test(link)) continue;
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? path : relative(repository, join(repository, dirname(path), decodeURI(file)));
    if (!existsSync(join(repository, target))) faults.push(`${path}: ${link} leads nowhere`);
    else if (anchor !== undefined && !(await anchorsOf(join(repository, target))).has(decodeURI(anchor))) {
      faults.push(`${path}: ${link} names no heading`);
    }
  }
  return faults;
}

/** Anchors as forges make them: lower case, spaces to hyphens, punctuation dropped. */
async function anchorsOf(file: string): Promise<ReadonlySet<string>> {
  const text = (await readFile(file, 'utf8')).replaceAll(CODE_BLOCK, '');
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  );
}
