import type { Forge, SubjectState } from '../../forges/index.ts';
import { messageOf, sleep } from '../../kernel/index.ts';
import { LeaseLost } from '../../queue/index.ts';
import type { Trx } from '../../store/index.ts';
import { withoutCommands } from '../commands.ts';
import { type CommentKey, type CommentRow, markDelivered, readPending } from '../inbox/store.ts';
import type { InboxMessage, Interruption } from '../port.ts';
import { Interrupted } from './interruption.ts';
import { lookAtSubject } from './look.ts';
import type { Place } from './place.ts';
import * as store from './store.ts';
import { judge } from './trouble.ts';

/** Watches over one run of an agent: whether it has to end, and what people say meanwhile. */
export interface Watch {
  /** Aborted with an `Interruption` as its reason. */
  readonly signal: AbortSignal;
  cause(): Interruption | null;
  /** Comments for the agent that were not handed out in this run. */
  inbox(): Promise<readonly InboxMessage[]>;
  /** Whether there are any. Looks at the forge first: what was written just before the agent ended may not have been told yet. */
  pending(): Promise<boolean>;
  /** What `inbox` has handed out counts as delivered, in the transaction that saves what the agent made of it. */
  delivered(trx: Trx): Promise<void>;
  close(): Promise<void>;
}

/** Forges tell times in seconds: what follows a change within this may not move the time of the subject any more. */
const UNSETTLED_MS = 3000;

/**
 * Looks at the row of the task every `pace.row`, and at its subject on the forge every `pace.subject`, sooner when somebody told of news.
 * A forge or a database that does not answer ends nothing: the next look may see more.
 */
export function watchTask(place: Place, forge: Forge, subject: SubjectState): Watch {
  const { means, task, lease } = place;
  const interruption = new AbortController();
  const closing = new AbortController();
  const handedOut = new Map<string, CommentKey>();
  let cause: Interruption | null = null;
  let seen: number | null = subject.updatedAt;
  let shown: { readonly changedAt: number | null; readonly since: number } = { changedAt: null, since: 0 };
  /** Ends the wait for the next look at the subject. */
  let news = new AbortController();
  /** Epoch ms; the forge wants no requests before. */
  let silentUntil = 0;
  let looking: Promise<void> = Promise.resolve();
  const complain = onceInARow(place);

  function interrupt(why: Interruption): void {
    if (cause !== null) return;
    cause = why;
    interruption.abort(why);
    closing.abort();
    news.abort();
  }

  function onLease(): void {
    interrupt(lease.signal.reason instanceof LeaseLost ? 'lost' : 'drain');
  }

  async function checkRow(): Promise<boolean> {
    const row = await store.readWanted(means.db, task.id);
    const why = whyToEnd(row, lease.fence);
    if (why !== null) interrupt(why);
    return row?.attention_at !== null && means.clock.now() >= silentUntil;
  }

  async function watchRow(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        if (await checkRow()) news.abort();
        complain.wentWell('row');
      } catch (thrown) {
        complain.of('row', thrown);
      }
      await sleep(means.pace.row, closing.signal);
    }
  }

  async function watchSubject(): Promise<void> {
    let pause = means.pace.subject;
    while (!closing.signal.aborted) {
      await sleep(pause, news.signal);
      if (closing.signal.aborted) return;
      news = new AbortController();
      pause = await glance();
    }
  }

  /** One look after the other; answers how long to wait for the next. */
  async function glance(): Promise<number> {
    await looking;
    let pause = means.pace.subject;
    looking = look().catch((thrown: unknown) => {
      if (thrown instanceof Interrupted) return;
      complain.of('subject', thrown);
      const judgement = judge(thrown);
      const at = judgement.kind === 'passing' ? judgement.at : null;
      silentUntil = Math.max(means.clock.now() + means.pace.subject, at ?? 0);
      pause = silentUntil - means.clock.now();
    });
    await looking;
    return pause;
  }

  /** A time of the subject that was the same for a while by our own clock; the forge's may differ. */
  function settled(changedAt: number | null): number | null {
    if (changedAt === seen) return seen;
    if (changedAt !== shown.changedAt) shown = { changedAt, since: means.clock.now() };
    return means.clock.now() - shown.since >= UNSETTLED_MS ? changedAt : null;
  }

  async function look(): Promise<void> {
    const told = (await store.readWanted(means.db, task.id))?.attention_at ?? null;
    const glanced = { seen: told === null ? seen : null, signal: closing.signal };
    seen = settled(await lookAtSubject(place, forge, glanced));
    if (told !== null) await store.answerAttention(means.db, task.id, told);
    await checkRow();
    complain.wentWell('subject');
  }

  async function waiting(): Promise<readonly CommentRow[]> {
    const rows = await readPending(means.db, task.id);
    return rows.filter((row) => !handedOut.has(nameOf(row)));
  }

  lease.signal.addEventListener('abort', onLease, { once: true });
  if (lease.signal.aborted) onLease();
  const loops = Promise.all([watchRow(), watchSubject()]);

  return {
    signal: interruption.signal,
    cause: () => cause,
    inbox: async () => {
      const rows = await waiting();
      for (const row of rows) handedOut.set(nameOf(row), { comment: row.comment, digest: row.digest });
      return rows.map(({ author, body, edited }) => ({ author, body: withoutCommands(body), edited }));
    },
    pending: async () => {
      if (means.clock.now() >= silentUntil) await glance();
      return (await waiting()).length > 0;
    },
    delivered: (trx) => markDelivered(trx, task.id, [...handedOut.values()]),
    close: async () => {
      lease.signal.removeEventListener('abort', onLease);
      closing.abort();
      news.abort();
      await loops;
    },
  };
}

function nameOf({ comment, digest }: CommentKey): string {
  return `${comment} ${digest}`;
}

/** What somebody else has made of the row that this holder works on. */
function whyToEnd(row: Awaited<ReturnType<typeof store.readWanted>>, fence: number): Interruption | null {
  if (row === null || row.fence !== fence) return 'lost';
  switch (row.state) {
    case 'claimed':
    case 'running':
      return null;
    case 'stopping':
      return 'stop';
    case 'pausing':
    // Paused and resumed before anybody looked: its next run goes on.
    case 'queued':
      return 'pause';
    default:
      return 'lost';
  }
}

/** Looks come every few seconds: the first failure in a row is worth a line. */
function onceInARow({ means, task }: Place) {
  const failing = new Set<string>();
  return {
    of: (what: 'row' | 'subject', thrown: unknown): void => {
      if (!failing.has(what))
        means.logger.warn({ task: task.id, what, reason: messageOf(thrown) }, 'Failed to watch over a task.');
      failing.add(what);
    },
    wentWell: (what: 'row' | 'subject'): void => void failing.delete(what),
  };
}
