import type { StageConfig } from '../../config/index.ts';
import type { FunadeError } from '../../kernel/index.ts';
import type { Trx } from '../../store/index.ts';
import type { RunDependencies } from '../dependencies.ts';
import { failureOf } from '../failure.ts';
import type { StageLog } from '../logs/stage-log.ts';
import type { StageState } from '../pipeline.ts';
import type { StageFailure, StageWait } from '../port.ts';
import type { AppRow, RunRow, StageRow } from '../store.ts';

export interface StageContext<Config extends StageConfig = StageConfig> {
  readonly dependencies: RunDependencies;
  readonly app: AppRow;
  readonly run: RunRow;
  readonly stage: StageRow;
  readonly config: Config;
  /** Every stage of the run, this one included. */
  readonly stages: readonly StageRow[];
  readonly log: StageLog;
  readonly signal: AbortSignal;
}

/** How a round of a stage ended. What `commit` writes belongs to the same transaction as the stage's new state. */
export type StageResult =
  | { readonly kind: 'succeeded'; readonly commit?: (trx: Trx) => Promise<void> }
  | {
      readonly kind: 'failed';
      readonly as: Exclude<StageState, 'pending' | 'running' | 'waiting' | 'succeeded' | 'skipped'>;
      readonly failure: StageFailure;
      readonly commit?: (trx: Trx) => Promise<void>;
    }
  /** Looked at again at `wakeAt` (epoch ms) or when something schedules the run. */
  | {
      readonly kind: 'waiting';
      readonly wait: StageWait;
      readonly wakeAt: number | null;
      /** Found already; the stage fails with it when the wait is over. */
      readonly failure?: StageFailure;
      readonly commit?: (trx: Trx) => Promise<void>;
    };

export function failed(error: FunadeError, evidence: readonly string[] = []): StageResult {
  return { kind: 'failed', as: 'failed', failure: failureOf(error, evidence) };
}
