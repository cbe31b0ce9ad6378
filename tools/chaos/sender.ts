import { randomUUID } from 'node:crypto';
import { messageOf, sleep } from '../../src/kernel/index.ts';
import { deliverPush } from '../demo/webhook.ts';
import type { Push } from './application.ts';

export const REPOSITORY = 'harbour/chaos';

/** One push as its sender knows it. */
export interface Sent {
  readonly deliveryId: string;
  readonly push: Push;
  /** Whether a 2xx was seen. */
  readonly accepted: boolean;
  /** What each attempt ended with: a status, or why there was no answer. */
  readonly attempts: readonly string[];
}

export interface Forge {
  readonly sent: readonly Sent[];
  /** Delivers the push under one id, again and again until it is accepted; then `repeats` times more at once, as a forge may. */
  push(push: Push, repeats: number): Promise<Sent>;
}

const ATTEMPT = 10_000;
const GIVE_UP = 180_000;
const PAUSE = 200;

export function createForge(server: string, secret: string, signal: AbortSignal): Forge {
  const sent: Sent[] = [];

  async function attempt(push: Push, deliveryId: string, pushedAt: number): Promise<{ ok: boolean; text: string }> {
    try {
      const delivery = {
        repository: REPOSITORY,
        cloneUrl: `https://github.com/${REPOSITORY}.git`,
        pushedAt,
        deliveryId,
      };
      const { status, body } = await deliverPush(server, secret, {
        ...delivery,
        commit: push.commit,
        timeout: ATTEMPT,
      });
      return { ok: status >= 200 && status < 300, text: `${status} ${body.slice(0, 200)}` };
    } catch (thrown) {
      return { ok: false, text: messageOf(thrown instanceof Error ? (thrown.cause ?? thrown) : thrown) };
    }
  }

  return {
    sent,
    push: async (push, repeats) => {
      const deliveryId = randomUUID();
      const pushedAt = Date.now();
      const attempts: string[] = [];
      let accepted = false;
      while (!accepted && !signal.aborted && Date.now() - pushedAt < GIVE_UP) {
        const { ok, text } = await attempt(push, deliveryId, pushedAt);
        attempts.push(text);
        accepted = ok;
        if (!ok) await sleep(PAUSE);
      }
      const again = Array.from({ length: repeats }, () => attempt(push, deliveryId, pushedAt));
      for (const { text } of await Promise.all(again)) attempts.push(`again: ${text}`);
      const result = { deliveryId, push, accepted, attempts };
      sent.push(result);
      return result;
    },
  };
}
