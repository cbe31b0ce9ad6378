import type { z } from 'zod';

/** A caller of the public API with one person's token. */
export interface DemoClient {
  get<T extends z.ZodType>(path: string, schema: T): Promise<z.infer<T>>;
  post<T extends z.ZodType>(path: string, body: object, schema: T): Promise<z.infer<T>>;
}

export function createClient(server: string, token: string): DemoClient {
  async function call(method: string, path: string, body?: object): Promise<unknown> {
    const answer = await fetch(`${server}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
    return JSON.parse(text);
  }
  return {
    get: async (path, schema) => schema.parse(await call('GET', path)),
    post: async (path, body, schema) => schema.parse(await call('POST', path, body)),
  };
}

/** Asks again until `settled` holds; throws with what it saw last when that takes longer than `timeoutMs`. */
export async function until<T>(
  what: string,
  ask: () => Promise<T>,
  settled: (value: T) => boolean,
  timeoutMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await ask();
    if (settled(value)) return value;
    if (Date.now() > deadline)
      throw new Error(
        `${what} did not happen within ${timeoutMs / 1000} s; last seen: ${String(JSON.stringify(value)).slice(0, 2000)}`,
      );
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
