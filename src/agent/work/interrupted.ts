import { type Place, tell, writing } from './place.ts';
import * as store from './store.ts';

/**
 * The process is stopping while the agent works: nobody is to blame, and the task goes on at once in another one. One whose agent had not
 * begun just goes back into the line. Answers when to look again.
 */
export async function drain(place: Place): Promise<number> {
  const { means, task } = place;
  const now = means.clock.now();
  await writing(place, async (trx, held) => {
    await store.endAttempt(trx, held.id, { outcome: 'cancelled', reason: 'drain', errorId: null, now });
    if (await store.setDrained(trx, held, now)) {
      await tell(trx, task, 'task.paused', { attempt: task.attempts, reason: 'drain' });
    } else {
      if (!(await store.requeue(trx, held, { reason: null, notBefore: null }))) return false;
      await tell(trx, task, 'task.released', { attempt: task.attempts });
    }
    await means.schedule(trx, held.id);
    return true;
  });
  return now;
}
