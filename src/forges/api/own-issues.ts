import type { NewIssue, RepositoryKey } from '../api-port.ts';
import { createTurns } from './memory.ts';

export interface OpenedIssue {
  readonly number: number;
  readonly url: string;
  readonly labels: readonly string[];
}

interface IssueActs {
  /** The issue of ours that has the marker and was made since then (epoch milliseconds), open or closed. */
  readonly find: (since: number) => Promise<OpenedIssue | null>;
  readonly create: () => Promise<OpenedIssue>;
  /** Puts on what was left out: a forge drops labels without a word where the account may not make them. */
  readonly label: (issue: OpenedIssue, missing: readonly string[]) => Promise<void>;
}

type OpenOnce = (
  repository: RepositoryKey,
  issue: NewIssue,
  acts: IssueActs,
) => Promise<{ readonly number: number; readonly url: string; readonly created: boolean }>;

/** How far our clock and the forge's may be apart. */
const SKEW_MS = 10 * 60_000;

/** One issue per repository and marker; callers of the same one wait for each other, since two that find none would both open one. */
export function createOwnIssues(): OpenOnce {
  const inTurn = createTurns();
  return ({ id, fullName }, { marker, labels, since }, acts) =>
    inTurn(JSON.stringify([id ?? fullName, marker]), async () => {
      const found = await acts.find(since - SKEW_MS);
      if (found !== null) return { number: found.number, url: found.url, created: false };
      const made = await acts.create();
      const has = new Set(made.labels.map((label) => label.toLowerCase()));
      const missing = labels.filter((label) => !has.has(label.toLowerCase()));
      if (missing.length > 0) await acts.label(made, missing);
      return { number: made.number, url: made.url, created: true };
    });
}
