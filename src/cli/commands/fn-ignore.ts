import { matchesPattern } from '../../config/index.ts';

/** Whether a path below the folder is left out. */
export type Ignored = (path: string, isFolder: boolean) => boolean;

/** Never part of a function: what git keeps, what build tools keep, links to programs that nothing runs. */
const ALWAYS = ['.git', 'node_modules/.cache', 'node_modules/.bin', '.funadeignore'];

interface Rule {
  readonly pattern: string;
  readonly isAnchored: boolean;
  readonly isFolder: boolean;
}

/**
 * Reads a `.funadeignore`: one pattern a line, `#` for comments. As in a `.gitignore`, a name without a slash is meant in every
 * folder, one with a slash from the top, one that ends with a slash means folders only; `*` stands for anything within a name,
 * `**` also across folders. Negations are not known: they are handed to `refuse`.
 */
export function readIgnored(text: string, refuse: (line: number, pattern: string) => void): Ignored {
  const rules: Rule[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const written = line.trim();
    if (written === '' || written.startsWith('#')) continue;
    if (written.startsWith('!')) refuse(index + 1, written);
    else rules.push(ruleOf(written));
  }
  return (path, isFolder) => isAlwaysIgnored(path) || rules.some((rule) => fits(rule, path, isFolder));
}

function ruleOf(written: string): Rule {
  const isFolder = written.endsWith('/');
  const body = isFolder ? written.slice(0, -1) : written;
  const isAnywhere = body.startsWith('**/');
  const pattern = isAnywhere ? body.slice(3) : body.replace(/^\//u, '');
  return { pattern, isFolder, isAnchored: body.startsWith('/') || (!isAnywhere && body.includes('/')) };
}

function fits({ pattern, isAnchored, isFolder: wantsFolder }: Rule, path: string, isFolder: boolean): boolean {
  if (wantsFolder && !isFolder) return false;
  if (matchesPattern(pattern, path)) return true;
  return !isAnchored && tailsOf(path).some((tail) => matchesPattern(pattern, tail));
}

/** `a/b/c` → `b/c`, `c` */
function tailsOf(path: string): readonly string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, index) => parts.slice(index + 1).join('/'));
}

function isAlwaysIgnored(path: string): boolean {
  return ALWAYS.some((name) => path === name || path.endsWith(`/${name}`));
}
