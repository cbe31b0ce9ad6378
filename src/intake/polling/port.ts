import type { Ref, RepositoryKey } from '../../forges/index.ts';
import type { Clock, Logger } from '../../kernel/index.ts';
import type { Db } from '../../store/index.ts';
import type { Finding } from '../findings.ts';
import type { Result } from '../record.ts';
import type { SourceDirectory } from '../sources/port.ts';

/** An application whose repository is looked at for pushes that no webhook told of. */
export interface PolledApplication {
  /** Name of the source whose account sees the repository. */
  readonly source: string;
  readonly repository: RepositoryKey;
  /** What the application is cloned from; asked with git where the source has no API. Null when there is no such address. */
  readonly address: string | null;
  /** Patterns of the refs that it is released from. */
  readonly refs: { readonly branches: readonly string[]; readonly tags: readonly string[] };
}

/**
 * How a look at a repository ended. `busy`: another process is at it. `no_credentials`: nothing could be asked for want of an
 * account. `stopped`: this process is ending.
 */
export const POLL_OUTCOMES = ['unchanged', 'found', 'failed', 'limited', 'no_credentials', 'busy', 'stopped'] as const;
export type PollOutcome = (typeof POLL_OUTCOMES)[number];

export interface PolledRepository {
  readonly source: string;
  readonly repository: string;
  readonly outcome: PollOutcome;
  /** Findings that were not known before. */
  readonly found: number;
  /** Failed deliveries that the forge was asked to send again. */
  readonly redelivered: number;
  /** What went wrong or could not be asked. */
  readonly reason: string | null;
}

export interface PollReport {
  readonly repositories: readonly PolledRepository[];
  readonly found: number;
  readonly redelivered: number;
  /** Those whose look did not succeed; being `busy` elsewhere is no failure. */
  readonly failed: readonly PolledRepository[];
}

export interface PollerOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly sources: SourceDirectory;
  /** Stores findings as deliveries, each once; one result for each, in their order. */
  readonly record: (findings: readonly Finding[]) => Promise<readonly Result[]>;
  readonly applications: () => Promise<readonly PolledApplication[]>;
  /** Label that hands an issue or change to the agent. */
  readonly label: string;
  /** Milliseconds between two looks at a repository, before jitter. */
  readonly intervalMs: number;
  /** From 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
  /** Branches and tags by git itself, for sources without an API; peeled names (`^{}`) may be among them. */
  readonly listRemote?: (address: string) => Promise<readonly Ref[]>;
  readonly onPolled?: (source: string, outcome: PollOutcome) => void;
  /** Longest time between two looks at what is due, in milliseconds; 15 s. */
  readonly tickMs?: number;
}

export interface Poller {
  /** Looks at every repository once, whatever its time, and ends. */
  runOnce(): Promise<PollReport>;
  /** Goes on looking at what is due, until `stop`. */
  start(): void;
  /** Resolves when the looks under way have ended or given their repositories back. */
  stop(): Promise<void>;
}
