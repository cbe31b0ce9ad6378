import type {
  ApprovalView,
  DeploymentView,
  MetricView,
  RolloutPhase,
  RolloutView,
  RunView,
  StageView,
} from '../../api/contract/index.ts';
import { assertNever } from '../../kernel/index.ts';
import { type TextKey, textOf } from '../locales/index.ts';
import { type Span, type Tone, span } from './line.ts';
import type { Screen } from './screen.ts';

type Icon = 'waiting' | 'running' | 'paused' | 'done' | 'failed' | 'rolledBack' | 'aborted' | 'idle';

/** A state as people see it: an icon and, always, a word. */
export interface Mark {
  readonly icon: Icon;
  readonly word: TextKey;
}

const ICONS: Readonly<Record<Icon, { readonly icon: string; readonly ascii: string; readonly tone: Tone }>> = {
  waiting: { icon: '◷', ascii: '~', tone: 'warn' },
  running: { icon: '◌', ascii: '>', tone: 'active' },
  paused: { icon: '॥', ascii: '=', tone: 'warn' },
  done: { icon: '✔', ascii: '+', tone: 'good' },
  failed: { icon: '✖', ascii: 'x', tone: 'bad' },
  rolledBack: { icon: '⤺', ascii: '<', tone: 'bad' },
  aborted: { icon: '⊘', ascii: '!', tone: 'bad' },
  idle: { icon: '•', ascii: '.', tone: 'dim' },
};

const WAITING: Mark = { icon: 'waiting', word: 'state.waiting' };
const RUNNING: Mark = { icon: 'running', word: 'state.running' };
const PAUSED: Mark = { icon: 'paused', word: 'state.paused' };
const DONE: Mark = { icon: 'done', word: 'state.done' };
const FAILED: Mark = { icon: 'failed', word: 'state.failed' };
const ROLLED_BACK: Mark = { icon: 'rolledBack', word: 'state.rolledBack' };
const ABORTED: Mark = { icon: 'aborted', word: 'state.aborted' };
const IDLE: Mark = { icon: 'idle', word: 'state.idle' };
const SKIPPED: Mark = { icon: 'idle', word: 'state.skipped' };
const SUPERSEDED: Mark = { icon: 'aborted', word: 'state.superseded' };
const CANCELLED: Mark = { icon: 'aborted', word: 'state.cancelled' };

export function iconOf(mark: Mark, screen: Pick<Screen, 'ascii'>): Span {
  const { icon, ascii, tone } = ICONS[mark.icon];
  return span(screen.ascii ? ascii : icon, tone);
}

/** Icon and word, for example `◌ running`. */
export function markSpan(mark: Mark, screen: Pick<Screen, 'ascii' | 'language'>): Span {
  const icon = iconOf(mark, screen);
  return span(`${icon.text} ${textOf(screen.language)(mark.word)}`, icon.tone);
}

export function markOfRun(run: RunView): Mark {
  if (run.state === 'running' || run.state === 'waiting') {
    const active = run.stages.find((stage) => stage.state === 'running' || stage.state === 'waiting');
    if (active !== undefined && markOfStage(active) === PAUSED) return PAUSED;
  }
  return markOfRunState(run.state);
}

function markOfRunState(state: RunView['state']): Mark {
  switch (state) {
    case 'queued':
    case 'waiting':
      return WAITING;
    case 'running':
      return RUNNING;
    case 'succeeded':
      return DONE;
    case 'failed':
      return FAILED;
    case 'aborted':
      return ABORTED;
    case 'rolled_back':
      return ROLLED_BACK;
    case 'superseded':
      return SUPERSEDED;
    case 'cancelled':
      return CANCELLED;
    default:
      return assertNever(state);
  }
}

export function markOfStage(stage: StageView): Mark {
  switch (stage.state) {
    case 'pending':
      return IDLE;
    case 'running':
    case 'waiting':
      if (stage.rollout !== null && stage.rollout.paused !== null) return PAUSED;
      return stage.state === 'running' ? RUNNING : WAITING;
    case 'succeeded':
      return DONE;
    case 'failed':
      return FAILED;
    case 'aborted':
      return ABORTED;
    case 'rolled_back':
      return ROLLED_BACK;
    case 'skipped':
      return SKIPPED;
    case 'superseded':
      return SUPERSEDED;
    default:
      return assertNever(stage.state);
  }
}

export function markOfRollout(rollout: Pick<RolloutView, 'phase' | 'paused'>): Mark {
  const mark = markOfPhase(rollout.phase);
  return rollout.paused !== null && (mark === RUNNING || mark === WAITING) ? PAUSED : mark;
}

export function markOfPhase(phase: RolloutPhase | 'idle'): Mark {
  switch (phase) {
    case 'idle':
      return { icon: 'idle', word: 'state.idleEnvironment' };
    case 'queued':
    case 'waiting_gate':
    case 'waiting_lock':
      return WAITING;
    case 'preparing':
    case 'shifting':
    case 'holding':
    case 'baking':
    case 'aborting':
    case 'rolling_back':
      return RUNNING;
    case 'succeeded':
      return DONE;
    case 'aborted':
      return ABORTED;
    case 'rolled_back':
      return ROLLED_BACK;
    case 'rollback_failed':
      return FAILED;
    case 'superseded':
      return SUPERSEDED;
    case 'cancelled':
      return CANCELLED;
    default:
      return assertNever(phase);
  }
}

export function markOfStep(state: RolloutView['steps'][number]['state']): Mark {
  if (state === 'done') return DONE;
  if (state === 'active') return RUNNING;
  return state === 'skipped' ? SKIPPED : IDLE;
}

export function markOfVerdict(verdict: MetricView['verdict']): Mark {
  switch (verdict) {
    case 'pass':
      return { icon: 'done', word: 'verdict.pass' };
    case 'fail':
      return { icon: 'failed', word: 'verdict.fail' };
    case 'inconclusive':
      return { icon: 'paused', word: 'verdict.inconclusive' };
    case 'no_data':
      return { icon: 'waiting', word: 'verdict.noData' };
    case 'provider_error':
      return { icon: 'waiting', word: 'verdict.providerError' };
    default:
      return assertNever(verdict);
  }
}

export function markOfDeployment(status: DeploymentView['status']): Mark {
  switch (status) {
    case 'pending':
      return WAITING;
    case 'in_progress':
      return RUNNING;
    case 'succeeded':
      return DONE;
    case 'failed':
      return FAILED;
    case 'rolled_back':
      return ROLLED_BACK;
    case 'aborted':
      return ABORTED;
    case 'superseded':
      return SUPERSEDED;
    default:
      return assertNever(status);
  }
}

export function markOfApproval(state: ApprovalView['state']): Mark {
  switch (state) {
    case 'pending':
      return WAITING;
    case 'approved':
      return { icon: 'done', word: 'approval.approved' };
    case 'rejected':
      return { icon: 'failed', word: 'approval.rejected' };
    case 'void':
      return { icon: 'aborted', word: 'approval.void' };
    case 'expired':
      return { icon: 'aborted', word: 'approval.expired' };
    default:
      return assertNever(state);
  }
}
