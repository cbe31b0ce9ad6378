import type { Actor, Forge, SubjectState } from '../../forges/index.ts';
import { transaction } from '../../store/index.ts';
import { type TaskLog, createTaskLog } from '../log.ts';
import { type Mask, createRedaction } from '../redaction.ts';
import { type TaskRow, readTask } from '../store.ts';
import type { Claim } from './claim.ts';
import { StaleHolder } from './interruption.ts';
import type { Place } from './place.ts';
import { type ProgressComment, createProgressComment } from './progress.ts';
import { type Watch, watchTask } from './watch.ts';

/** What an attempt has in hand between the claim and its end. */
export interface Desk {
  readonly place: Place;
  readonly forge: Forge;
  readonly subject: SubjectState;
  readonly labeler: Actor;
  readonly watch: Watch;
  readonly comment: ProgressComment;
  readonly log: TaskLog;
  readonly mask: Mask;
}

export function openDesk(place: Place, forge: Forge, { subject, labeler }: Extract<Claim, { kind: 'claimed' }>): Desk {
  const { db, clock, logger, secrets } = place.means;
  const mask = createRedaction(secrets());
  return {
    place,
    forge,
    subject,
    labeler,
    mask,
    watch: watchTask(place, forge, subject),
    comment: createProgressComment(place, forge),
    log: createTaskLog({ db, clock, logger, task: place.task.id, mask }),
  };
}

export async function closeDesk({ watch, comment, log }: Desk): Promise<void> {
  await Promise.all([watch.close(), comment.close(), log.close()]);
}

/** The row as it is now. */
export async function rowOf({ means, task }: Place): Promise<TaskRow> {
  const row = await readTask(means.db, task.id);
  if (row === undefined) throw new StaleHolder();
  return row;
}

/** What the agent was told by people counts as said: it has worked with it. */
export function markRead({ place, watch }: Desk): Promise<void> {
  return transaction(place.means.db, (trx) => watch.delivered(trx));
}
