import type { Forge } from '../../forges/index.ts';
import { messageOf } from '../../kernel/index.ts';
import { hasTaskEnded } from '../steering.ts';
import { Interrupted, StaleHolder } from './interruption.ts';
import { lookAtSubject, readComments } from './look.ts';
import type { Place } from './place.ts';
import * as store from './store.ts';
import { judge } from './trouble.ts';

/** News of a task that has ended is not asked for any longer than this, when the forge does not answer. */
const PATIENCE_MS = 3_600_000;

/**
 * A round of a task that nobody works on: looks at its subject, since a comment may resume or stop it, or ask for another after its end.
 * `until`: when its rest is over; null when it has ended. Answers when to look again.
 */
export async function rest(place: Place, until: number | null): Promise<number | null> {
  const { means, task } = place;
  const forge = means.forgeOf(task.source);
  const wakeAt = forge === null ? means.clock.now() + means.pace.resting : await look(place, forge);
  if (until === null) return forge === null || wakeAt === null ? null : whilePatient(place, wakeAt);
  return Math.min(until, wakeAt ?? means.clock.now() + means.pace.resting);
}

/** Null when it went well, else when to try again. */
async function look(place: Place, forge: Forge): Promise<number | null> {
  const { means, task, lease } = place;
  try {
    if (hasTaskEnded(task.state)) await readComments(place, forge, lease.signal);
    else await lookAtSubject(place, forge, { seen: null, signal: lease.signal });
    if (task.attention_at !== null) await store.answerAttention(means.db, task.id, task.attention_at);
    return null;
  } catch (thrown) {
    if (thrown instanceof StaleHolder) throw thrown;
    if (thrown instanceof Interrupted) return means.clock.now();
    means.logger.warn({ task: task.id, reason: messageOf(thrown) }, 'Failed to look at the subject of a task.');
    const judgement = judge(thrown);
    const at = judgement.kind === 'passing' ? judgement.at : null;
    return Math.max(means.clock.now() + means.pace.resting, at ?? 0);
  }
}

async function whilePatient({ means, task }: Place, wakeAt: number): Promise<number | null> {
  const since = task.attention_at;
  if (since === null) return null;
  if (wakeAt - since.getTime() < PATIENCE_MS) return wakeAt;
  await store.answerAttention(means.db, task.id, since);
  return null;
}
