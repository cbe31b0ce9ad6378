import { assertNever } from '../kernel/index.ts';
import type { SteeringAct, TaskAct, TaskState } from './port.ts';
import type { TaskRow } from './store.ts';

const ENDS: ReadonlySet<TaskState> = new Set(['stopped', 'succeeded', 'failed', 'dead', 'cancelled', 'expired']);

/** Whether nothing follows; of a subject, at most one task is in another state. */
export function hasTaskEnded(state: TaskState): boolean {
  return ENDS.has(state);
}

/** What an act makes of a task. `same`: it is so already, or on its way there. */
type Steered =
  | { readonly kind: 'becomes'; readonly state: 'pausing' | 'stopping' | 'queued' }
  | { readonly kind: 'same' }
  | { readonly kind: 'refused' };

/** `approved`: the same where its plan was approved before, else refused. */
type Cell = 'pausing' | 'stopping' | 'queued' | 'same' | 'refused' | 'approved';

const AT_WORK = { pause: 'pausing', resume: 'same', stop: 'stopping', approve: 'approved' } as const;
const ENDED = { pause: 'refused', resume: 'refused', stop: 'refused', approve: 'refused' } as const;

const TABLE: Readonly<Record<TaskState, Readonly<Record<SteeringAct, Cell>>>> = {
  queued: AT_WORK,
  claimed: AT_WORK,
  running: AT_WORK,
  // Whoever works on it may have stopped its runner already: it is begun again, and goes on where it was.
  pausing: { pause: 'same', resume: 'queued', stop: 'stopping', approve: 'approved' },
  paused: { pause: 'same', resume: 'queued', stop: 'stopping', approve: 'approved' },
  stopping: { ...ENDED, stop: 'same' },
  stopped: { ...ENDED, stop: 'same' },
  // Not approved and begun again: it plans once more, with what people wrote meanwhile.
  awaiting_approval: { pause: 'refused', resume: 'queued', stop: 'stopping', approve: 'queued' },
  succeeded: ENDED,
  failed: ENDED,
  dead: ENDED,
  cancelled: ENDED,
  expired: ENDED,
};

/** The state of a task as a person means it: an end that was decided counts, though labels and comment do not say so yet. */
export function standingOf({ state, ending, reason }: Pick<TaskRow, 'state' | 'ending' | 'reason'>): TaskState {
  if (ending === 'paused') return 'pausing';
  if (ending !== null) return ending;
  // Nobody paused it: its process was stopped, and the next one goes on.
  if (state === 'paused' && reason === 'drain') return 'queued';
  return state;
}

const GENTLEST_FIRST = ['approve', 'pause', 'resume', 'stop'] as const satisfies readonly SteeringAct[];

/** What changes something about a task that stands so, the gentlest first. */
export function possibleActs(standing: TaskState): readonly TaskAct[] {
  if (hasTaskEnded(standing)) return ['retry'];
  return GENTLEST_FIRST.filter((act) => steered(standing, act, { isPlanApproved: true }).kind === 'becomes');
}

export function steered(
  standing: TaskState,
  act: SteeringAct,
  { isPlanApproved }: { readonly isPlanApproved: boolean },
): Steered {
  const cell: Cell = TABLE[standing][act];
  switch (cell) {
    case 'pausing':
    case 'stopping':
    case 'queued':
      return { kind: 'becomes', state: cell };
    case 'same':
    case 'refused':
      return { kind: cell };
    case 'approved':
      return { kind: isPlanApproved ? 'same' : 'refused' };
    default:
      return assertNever(cell);
  }
}
