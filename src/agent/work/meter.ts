import type { AgentSettings } from '../../config/index.ts';
import { messageOf } from '../../kernel/index.ts';
import type { Interruption, PlanItem, Progress, TaskAttempt } from '../port.ts';
import { recordProgress } from '../records/store.ts';
import type { Mask } from '../redaction.ts';
import type { TaskRow } from '../store.ts';
import { cutShort, withoutInvisible } from '../texts/foreign.ts';
import { type Place, heldBy } from './place.ts';

const WRITE_MS = 500;
const ITEMS = 100;
const LONGEST_ITEM = 500;
const LONGEST_NOTE = 1000;

export type Overspent = 'budget_steps' | 'budget_tokens' | 'budget_money' | 'budget_time';

/** Counts what an agent uses, over all attempts of its task, and keeps what it says of its progress. */
export interface Meter {
  report(progress: Partial<Progress>): void;
  /** Aborted, with the reason of a stop, when the budget is used up. */
  readonly signal: AbortSignal;
  overspent(): Overspent | null;
  /** Writes what was not written yet. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export interface MeterOptions {
  readonly place: Place;
  /** The row before this attempt. */
  readonly task: TaskRow;
  readonly attempts: readonly TaskAttempt[];
  readonly budget: AgentSettings['budget'];
  readonly mask: Mask;
  /** Something was written that people see. */
  readonly onNews: () => void;
}

interface Unwritten {
  plan: readonly PlanItem[] | null;
  note: string | null;
  steps: number;
  inputTokens: number;
  outputTokens: number;
  money: number | null;
}

export function createMeter({ place, task, attempts, budget, mask, onNews }: MeterOptions): Meter {
  const { db, clock, logger } = place.means;
  const ended = new AbortController();
  const total = { steps: task.steps, tokens: task.input_tokens + task.output_tokens, money: task.money ?? 0 };
  let over: Overspent | null = null;
  let unwritten = nothing();
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();
  const timeLeft = budget.time - timeOf(attempts);
  const alarm = setTimeout(() => spend('budget_time'), Math.min(Math.max(0, timeLeft), 2 ** 31 - 1));
  // A task that comes back with nothing left does not get another turn.
  check(true);

  function spend(what: Overspent): void {
    over ??= what;
    ended.abort('stop' satisfies Interruption);
  }

  function check(isStart: boolean): void {
    const isOver = (used: number, limit: number | null) => limit !== null && (isStart ? used >= limit : used > limit);
    if (isOver(total.steps, budget.steps)) spend('budget_steps');
    else if (isOver(total.tokens, budget.tokens)) spend('budget_tokens');
    else if (isOver(total.money, budget.money)) spend('budget_money');
    else if (timeLeft <= 0) spend('budget_time');
  }

  function report({ plan, note, used = {} }: Partial<Progress>): void {
    const { steps = 0, inputTokens = 0, outputTokens = 0, money = null } = used;
    total.steps += steps;
    total.tokens += inputTokens + outputTokens;
    total.money += money ?? 0;
    unwritten = {
      plan: plan === undefined ? unwritten.plan : plan.slice(0, ITEMS).map(cleaned),
      note: note === undefined ? unwritten.note : clean(note, LONGEST_NOTE),
      steps: unwritten.steps + steps,
      inputTokens: unwritten.inputTokens + inputTokens,
      outputTokens: unwritten.outputTokens + outputTokens,
      money: money === null ? unwritten.money : (unwritten.money ?? 0) + money,
    };
    check(false);
    timer ??= setTimeout(() => void flush(), WRITE_MS);
  }

  function cleaned({ text, done }: PlanItem): PlanItem {
    return { text: clean(text, LONGEST_ITEM), done };
  }

  function clean(text: string, longest: number): string {
    return cutShort(mask(withoutInvisible(text)).trim(), longest);
  }

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    writing = writing.then(write);
    return writing;
  }

  async function write(): Promise<void> {
    const said = unwritten;
    if (isNothing(said)) return;
    unwritten = nothing();
    try {
      if (await recordProgress(db, heldBy(place), said)) onNews();
    } catch (thrown) {
      unwritten = together(said, unwritten);
      logger.warn({ task: task.id, reason: messageOf(thrown) }, 'Failed to store the progress of a task.');
    }
  }

  function timeOf(done: readonly TaskAttempt[]): number {
    const now = clock.now();
    // How long a process that vanished had really worked, nobody knows.
    const counted = done.filter(({ outcome }) => outcome !== null && outcome !== 'lost');
    return counted.reduce((sum, { startedAt, endedAt }) => sum + ((endedAt ?? now) - startedAt), 0);
  }

  return {
    report,
    signal: ended.signal,
    overspent: () => over,
    flush,
    close: () => {
      clearTimeout(alarm);
      return flush();
    },
  };
}

function nothing(): Unwritten {
  return { plan: null, note: null, steps: 0, inputTokens: 0, outputTokens: 0, money: null };
}

function isNothing(said: Unwritten): boolean {
  const { plan, note, steps, inputTokens, outputTokens, money } = said;
  return plan === null && note === null && money === null && steps + inputTokens + outputTokens === 0;
}

function together(first: Unwritten, then: Unwritten): Unwritten {
  return {
    plan: then.plan ?? first.plan,
    note: then.note ?? first.note,
    steps: first.steps + then.steps,
    inputTokens: first.inputTokens + then.inputTokens,
    outputTokens: first.outputTokens + then.outputTokens,
    money: first.money === null ? then.money : first.money + (then.money ?? 0),
  };
}
