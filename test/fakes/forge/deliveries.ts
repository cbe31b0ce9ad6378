import { randomUUID } from 'node:crypto';
import type { FakeDelivery, FakeHook, World } from './world.ts';

/** One webhook, before the headers that depend on the hook and the time. */
export interface Message {
  readonly event: string;
  readonly action: string | null;
  readonly payload: unknown;
}

export type HeadersOf = (hook: FakeHook, delivery: FakeDelivery) => Readonly<Record<string, string>>;

/** Sends webhooks to the hooks of a repository, one after the other for each hook, and records what came of them. */
export interface Deliveries {
  send(hook: FakeHook, message: Message): void;
  redeliver(hook: FakeHook, delivery: FakeDelivery): void;
  /** Resolves when everything that was to be sent has been answered, or not. */
  settled(): Promise<void>;
}

const TIMEOUT_MS = 10_000;

export function createDeliveries(world: World, headersOf: HeadersOf): Deliveries {
  const chains = new Map<number, Promise<void>>();

  function queue(hook: FakeHook, delivery: FakeDelivery): void {
    const before = chains.get(hook.id) ?? Promise.resolve();
    chains.set(
      hook.id,
      before.then(async () => {
        delivery.at = world.now();
        delivery.status = await post(hook.url, headersOf(hook, delivery), delivery.body);
        hook.deliveries.push(delivery);
      }),
    );
  }

  return {
    send: (hook, { event, action, payload }) => {
      const body = JSON.stringify(payload);
      const guid = randomUUID();
      queue(hook, { id: world.nextId(), guid, event, action, status: 0, at: 0, redelivery: false, body });
    },
    redeliver: (hook, delivery) => queue(hook, { ...delivery, id: world.nextId(), status: 0, at: 0, redelivery: true }),
    settled: async () => {
      let seen: readonly Promise<void>[] = [];
      // What a webhook causes can cause further ones.
      while (seen.length !== chains.size || [...chains.values()].some((chain, index) => chain !== seen[index])) {
        seen = [...chains.values()];
        await Promise.all(seen);
      }
    },
  };
}

async function post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<number> {
  try {
    const response = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(TIMEOUT_MS) });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}
