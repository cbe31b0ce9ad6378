import { type Desk, fieldsOf, firstLine, inMirror, sure, withIndex } from './desk.ts';
import type { ChangedFile } from './port.ts';

const DIFF_TIMEOUT = 120_000;
const LARGEST_POINTER = 1024;
const POINTER = /^version https:\/\/(?:git-lfs\.github\.com|hawser\.github\.com)\/spec\//;
const GITLINK = '160000';

/** Two commits or trees of the mirror. */
export interface Span {
  readonly from: string;
  readonly to: string;
}

interface Entry {
  readonly path: Buffer;
  readonly status: string;
  readonly isGitlink: boolean;
  /** Of the new content; zeros where there is none. */
  readonly sha: string;
}

/** What differs, without looking for renames. `lfsBase`: commit whose attributes say what is kept in Git LFS; null: nothing is. */
export async function readDifference(
  desk: Desk,
  { from, to }: Span,
  lfsBase: string | null,
): Promise<readonly ChangedFile[]> {
  const flags = ['-r', '-z', '--raw', '--numstat', '--no-renames', '--no-ext-diff', '--no-textconv', '--no-abbrev'];
  const result = await inMirror(desk, ['diff-tree', ...flags, '--ignore-submodules=none', from, to], {
    timeout: DIFF_TIMEOUT,
  });
  const { entries, binary } = readOutput(fieldsOf(sure(desk, 'compare', result).stdout));
  const sizes = await sizesOf(desk, entries);
  const lfs = lfsBase === null ? new Set<string>() : await withoutPointer(desk, entries, sizes, lfsBase);
  return entries.map((entry) => {
    const key = entry.path.toString('latin1');
    return {
      path: entry.path.toString('utf8'),
      kind: kindOf(entry),
      size: sizes.get(entry.sha) ?? 0,
      binary: binary.has(key),
      lfs: lfs.has(key),
    };
  });
}

/** The difference as a patch of whole lines without context, binary files too: what is searched must be there. */
export async function readPatch(desk: Desk, { from, to }: Span, limit: number): Promise<string> {
  const shape = [
    '-r',
    '-p',
    '-U0',
    '--text',
    '--irreversible-delete',
    '--no-renames',
    '--no-color',
    '--submodule=short',
  ];
  const args = ['diff-tree', ...shape, '--no-ext-diff', '--no-textconv', '--ignore-submodules=none', from, to];
  const result = await inMirror(desk, args, { limit, timeout: DIFF_TIMEOUT });
  if (!result.truncated) sure(desk, 'compare', result);
  return result.stdout.toString('utf8');
}

/** First the raw entries (`:modes shas status`, path), then the counts (`added TAB removed TAB path`; dashes for a binary). */
function readOutput(fields: readonly Buffer[]): {
  readonly entries: readonly Entry[];
  readonly binary: ReadonlySet<string>;
} {
  const entries: Entry[] = [];
  const binary = new Set<string>();
  for (let at = 0; at < fields.length; at += 1) {
    const text = fields[at]?.toString('latin1') ?? '';
    if (!text.startsWith(':')) {
      if (text.startsWith('-\t-\t')) binary.add(text.slice(4));
      continue;
    }
    const [before, after, , sha = '', status = ''] = text.slice(1).split(' ');
    at += 1;
    const path = fields[at] ?? Buffer.alloc(0);
    entries.push({ path, status, sha, isGitlink: before === GITLINK || after === GITLINK });
  }
  return { entries, binary };
}

function kindOf({ status, isGitlink }: Entry): ChangedFile['kind'] {
  if (isGitlink) return 'submodule';
  switch (status) {
    case 'A':
      return 'added';
    case 'D':
      return 'deleted';
    case 'T':
      return 'type_changed';
    default:
      return 'modified';
  }
}

async function sizesOf(desk: Desk, entries: readonly Entry[]): Promise<ReadonlyMap<string, number>> {
  const shas = entries.filter((entry) => !entry.isGitlink && !/^0+$/.test(entry.sha)).map((entry) => entry.sha);
  if (shas.length === 0) return new Map();
  const args = ['cat-file', '--batch-check=%(objectname) %(objectsize)'];
  const result = sure(desk, 'read sizes', await inMirror(desk, args, { input: `${shas.join('\n')}\n` }));
  const pairs = result.stdout.toString('utf8').trim().split('\n');
  return new Map(pairs.map((line) => [line.split(' ')[0] ?? '', Number(line.split(' ')[1])]));
}

/** Paths that the base's attributes keep in LFS and whose new content is a file as it is. */
async function withoutPointer(
  desk: Desk,
  entries: readonly Entry[],
  sizes: ReadonlyMap<string, number>,
  base: string,
): Promise<ReadonlySet<string>> {
  const files = entries.filter((entry) => sizes.has(entry.sha));
  if (files.length === 0) return new Set();
  sure(desk, 'read the base', await withIndex(desk, 'base', ['read-tree', base]));
  const input = Buffer.concat(files.flatMap(({ path }) => [path, Buffer.from([0])]));
  const asked = await withIndex(desk, 'base', ['check-attr', '-z', '--stdin', '--cached', 'filter'], { input });
  const fields = fieldsOf(sure(desk, 'read attributes', asked).stdout);
  const found = new Set<string>();
  for (let at = 0; at + 2 < fields.length; at += 3) {
    if (fields[at + 2]?.toString('latin1') !== 'lfs') continue;
    const path = fields[at]?.toString('latin1') ?? '';
    const sha = files.find((entry) => entry.path.toString('latin1') === path)?.sha ?? '';
    if (!(await isPointer(desk, sha, sizes.get(sha) ?? 0))) found.add(path);
  }
  return found;
}

async function isPointer(desk: Desk, sha: string, size: number): Promise<boolean> {
  if (size > LARGEST_POINTER) return false;
  return POINTER.test(firstLine(sure(desk, 'read a file', await inMirror(desk, ['cat-file', 'blob', sha]))));
}
