import { messageOf, sleep } from '../../src/kernel/index.ts';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** A careful caller of the API: it asks again while nobody answers, and looks first whether its request has come through. */
export interface Caller {
  /**
   * Posts until there is an answer below 500; null when `done` says that an attempt without an answer took effect.
   * Throws after three minutes, or when the run is ended.
   */
  post(path: string, body: object, done: () => Promise<boolean>): Promise<Answer | null>;
}

const ATTEMPT = 15_000;
const GIVE_UP = 180_000;
const PAUSE = 200;

export function createCaller(server: string, token: string, signal: AbortSignal): Caller {
  return {
    post: async (path, body, done) => {
      const deadline = Date.now() + GIVE_UP;
      for (;;) {
        const answer = await attempt(`${server}/api/v1${path}`, token, body);
        if (answer.status > 0 && answer.status < 500) return answer;
        signal.throwIfAborted();
        await sleep(PAUSE); // what was sent last may be committing still
        if (await done()) return null;
        if (Date.now() > deadline) throw new Error(`POST ${path} was not answered: ${answer.status} ${answer.body}`);
      }
    },
  };
}

async function attempt(url: string, token: string, body: object): Promise<Answer> {
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ATTEMPT),
    });
    return { status: answer.status, body: await answer.text() };
  } catch (thrown) {
    return { status: 0, body: messageOf(thrown) };
  }
}
