import { FunadeError } from '../kernel/index.ts';
import { redactUrls } from './address.ts';
import type { GitResult } from './git.ts';

/** Milliseconds for what only touches the disk. */
export const LOCAL_TIMEOUT = 60_000;

export function lines(result: GitResult): readonly string[] {
  return result.stdout.toString('utf8').split('\n').filter(Boolean);
}

/** What git complained about, in one line and without credentials. */
export function reasonOf(result: GitResult): string {
  if (result.timedOut) return 'git did not answer in time';
  const told = result.stderr
    .split('\n')
    .map((line) => line.replace(/^(?:fatal|error|remote|ssh): /, '').trim())
    .filter((line) => line !== '' && !/^(?:Please make sure you have|and the repository exists)/.test(line));
  return redactUrls(told.slice(0, 3).join('; ').replace(/\.$/, '') || `git ended with ${result.code}`);
}

export function isDiskFull(result: GitResult): boolean {
  return /No space left on device|Disk quota exceeded/.test(result.stderr);
}

/** `FUN_STORAGE_FULL`, or `FUN_GIT_FAILED` for whatever else stopped git on this machine. `of`: application or repository. */
export function failure(action: string, of: string, result: GitResult): FunadeError {
  if (isDiskFull(result)) return new FunadeError('FUN_STORAGE_FULL');
  return new FunadeError('FUN_GIT_FAILED', { action, app: of, reason: reasonOf(result) });
}
