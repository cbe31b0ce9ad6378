import type { StageConfig } from '../../config/index.ts';
import { FunadeError, describeError } from '../../kernel/index.ts';
import type { Trx } from '../../store/index.ts';
import type { RunDependencies } from '../dependencies.ts';
import type { StageState } from '../pipeline.ts';
import type { StageFailure, StageWait } from '../port.ts';
import type { StageLog } from '../stage-log.ts';
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
      readonly commit?: (trx: Trx) => Promise<void>;
    };

export type StageAct<Config extends StageConfig> = (context: StageContext<Config>) => Promise<StageResult>;

export function failureOf(error: FunadeError, evidence: readonly string[] = []): StageFailure {
  const { message, fix } = describeError(error, 'en');
  const faults = error.faults.map(
    (fault) =>
      [fault.file, fault.line, fault.column].filter((part) => part !== undefined).join(':') +
      (fault.file === undefined ? '' : ' ') +
      fault.message,
  );
  return { code: error.code, message, fix, retryable: error.retryable, evidence: [...faults, ...evidence] };
}

export function failed(error: FunadeError, evidence: readonly string[] = []): StageResult {
  return { kind: 'failed', as: 'failed', failure: failureOf(error, evidence) };
}
