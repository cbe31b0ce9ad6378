import { type AgentSettings, matchesPattern } from '../../config/index.ts';
import { SHORTEST_SECRET } from '../redaction.ts';
import type { ChangedFile } from '../workspace/port.ts';

export const MOST_FILES = 3000;
/** Bytes of the patch; more of it is not looked at, and not pushed. */
export const LONGEST_PATCH = 20 * 1024 * 1024;

/** What may not be pushed, and why. */
export interface DiffFault {
  readonly reason: 'forbidden_path' | 'submodule_changed' | 'lfs_file' | 'secret_in_diff' | 'diff_too_large';
  /** Paths, one a line; what people read. */
  readonly detail: string | null;
  /** For the agent, which can mend it. */
  readonly what: string;
}

export interface Diff {
  readonly files: readonly ChangedFile[];
  /** One byte longer than `LONGEST_PATCH` when there is more. */
  readonly patch: string;
}

/** The first thing that forbids to push a difference; null when there is none. */
export function faultOf(
  { files, patch }: Diff,
  { allowedPaths }: Pick<AgentSettings, 'allowedPaths'>,
  secrets: readonly string[],
): DiffFault | null {
  const size = files.reduce((sum, { size: bytes }) => sum + bytes, 0);
  if (files.length > MOST_FILES || size > LONGEST_PATCH || Buffer.byteLength(patch) > LONGEST_PATCH)
    return {
      reason: 'diff_too_large',
      detail: null,
      what: `the change is too large (at most ${MOST_FILES} files and 20 MB): take out what is generated, downloaded or built.`,
    };
  const submodules = files.filter(({ kind }) => kind === 'submodule');
  if (submodules.length > 0) return of('submodule_changed', submodules, 'these submodules were changed; put them back');
  const forbidden = files.filter(({ path }) => !isAllowed(path, allowedPaths));
  if (forbidden.length > 0)
    return of('forbidden_path', forbidden, 'these files may not be changed here; put them back as they were');
  const lfs = files.filter((file) => file.lfs);
  if (lfs.length > 0)
    return of('lfs_file', lfs, 'these files are kept in Git LFS and can not be changed; put them back');
  if (holdsSecret(files, patch, secrets))
    return {
      reason: 'secret_in_diff',
      detail: null,
      what: 'it holds a secret value (a token, key or password). Take it out; the program has to get it from its environment.',
    };
  return null;
}

function of(reason: DiffFault['reason'], files: readonly ChangedFile[], what: string): DiffFault {
  const paths = files.map(({ path }) => path);
  const shown = paths.slice(0, 50).map((path) => JSON.stringify(path));
  const more = paths.length > shown.length ? ` and ${paths.length - shown.length} more` : '';
  return { reason, detail: paths.slice(0, 200).join('\n'), what: `${what}: ${shown.join(', ')}${more}.` };
}

/** The last pattern that matches decides. Without one that allows, all is allowed that none takes out. */
export function isAllowed(path: string, patterns: readonly string[]): boolean {
  let allowed = patterns.every((pattern) => pattern.startsWith('!'));
  for (const pattern of patterns) {
    const takesOut = pattern.startsWith('!');
    if (matchesPath(takesOut ? pattern.slice(1) : pattern, path)) allowed = !takesOut;
  }
  return allowed;
}

/** As for names of branches, but that folders between may also be none: `**\/*.md` is any such file. */
function matchesPath(pattern: string, path: string): boolean {
  return matchesPattern(pattern, path) || matchesPattern(pattern.replaceAll('**/', ''), path);
}

const SHORTEST_LINE = 20;

/** Only what is added counts: taking a secret out must be possible. */
function holdsSecret(files: readonly ChangedFile[], patch: string, secrets: readonly string[]): boolean {
  const added = patch.split('\n').filter((line) => line.startsWith('+'));
  const text = `${added.join('\n')}\n${files.map(({ path }) => path).join('\n')}`;
  return secrets.flatMap(needles).some((needle) => text.includes(needle));
}

function needles(secret: string): readonly string[] {
  const whole = secret.trim();
  const lines = whole.split(/\r?\n/).map((line) => line.trim());
  if (lines.length === 1) return whole.length >= SHORTEST_SECRET ? [whole] : [];
  return lines.filter((line) => line.length >= SHORTEST_LINE && !line.startsWith('-----'));
}
