import type { Forge, RepositoryKey } from '../forges/index.ts';
import type { Trx } from '../store/index.ts';

/** `rollback_failed`: the way back was tried, and the bad release may still have traffic. */
export const FAILURES = ['aborted', 'rolled_back', 'rollback_failed'] as const;
export type Failure = (typeof FAILURES)[number];

/** Why a rollout failed, as an issue tells it. Times are epoch milliseconds. */
export interface Evidence {
  readonly app: string;
  readonly environment: string;
  readonly rolloutId: string;
  readonly runId: string | null;
  readonly release: { readonly id: string; readonly number: number; readonly commit: string; readonly message: string };
  /** What was live before, and is again; null when there was nothing. */
  readonly stable: { readonly id: string; readonly number: number; readonly commit: string } | null;
  readonly outcome: Failure;
  readonly reason: string;
  /** Lines that show why, with their numbers. */
  readonly findings: readonly string[];
  /** What was measured: of the candidate and of what it was compared with, as the rollout's screen shows it. */
  readonly metrics: readonly {
    readonly name: string;
    readonly value: string;
    readonly limit: string;
    readonly verdict: string;
  }[];
  readonly at: number;
  /** Newest commits first, between the stable and the failed release; at most 20. */
  readonly commits: readonly { readonly sha: string; readonly subject: string; readonly author: string }[];
  /** Last lines that the functions of the failed release wrote; at most 100. */
  readonly logs: readonly string[];
}

export interface FailedRollout {
  readonly rolloutId: string;
  readonly app: string;
  readonly environment: string;
  readonly releaseId: string;
}

/** What the loop asks of other rooms; compose fills it. */
export interface LoopPorts {
  /** Whether the configuration of that release asks for issues in that environment. In the transaction that ends the rollout. */
  wantsIssue(trx: Trx, rollout: FailedRollout): Promise<boolean>;
  /** Null when the rollout, or its release, is not known any more. */
  evidence(rolloutId: string): Promise<Evidence | null>;
  /** Where the issues of an application are kept; null when it comes from no forge that Funade has an account on. */
  repositoryOf(app: string): Promise<{ readonly source: string; readonly repository: RepositoryKey } | null>;
  /** The API of a source, as its account; null when it has no credentials. */
  forgeOf(source: string): Forge | null;
  /** `v12`, for texts. */
  nameOf(releaseId: string): Promise<string>;
  /** Whether `release` is the failed one itself or a later one of the application. */
  isSince(failedRelease: string, release: string): Promise<boolean>;
}

export const ISSUE_STATES = ['opening', 'open', 'closing', 'closed', 'failed'] as const;
export type IssueState = (typeof ISSUE_STATES)[number];

export interface LoopIssue {
  readonly id: string;
  readonly app: string;
  readonly environment: string;
  readonly releaseId: string;
  readonly number: number | null;
  readonly url: string | null;
  readonly state: IssueState;
  /** Why it failed: a reason code. */
  readonly reason: string | null;
  /** How often that release has failed there. */
  readonly times: number;
  /** Whether it was handed to the agent, or left to people. */
  readonly labelled: boolean;
  readonly openedAt: number;
  readonly closedAt: number | null;
  /** Release that baked, and so closed it. */
  readonly closedBy: string | null;
}

export interface LoopMetrics {
  /** An issue was opened, got more evidence, was closed, or could not be handled. */
  happened(what: 'opened' | 'repeated' | 'closed' | 'failed'): void;
}

export interface Loop {
  /** A rollout has ended badly, or well; in the transaction that ends it. Cheap: forges are asked later. */
  rolloutEnded(trx: Trx, rollout: FailedRollout & { readonly outcome: Failure | 'succeeded' }): Promise<void>;
  /** Whether Funade opened this issue itself and handed it to the agent: then it needs nobody's leave to work on it. */
  isOwnIssue(issue: { readonly source: string; readonly projectId: string; readonly number: number }): Promise<boolean>;
  /** Newest first. */
  list(query: { readonly app?: string | undefined }): Promise<readonly LoopIssue[]>;
  start(options: { readonly alone: boolean }): Promise<void>;
  stop(): Promise<void>;
  progress(): Promise<{ readonly sinceSweep: number; readonly overdue: number }>;
}
