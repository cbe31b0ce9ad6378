import type { Outcome } from '../outcome.ts';
import type { Call, Caller } from './call.ts';

export interface WaitingCall {
  readonly call: Call;
  readonly caller: Caller;
  readonly settle: (outcome: Outcome) => void;
}

/** Calls that wait for an instance, first come first served. */
export interface WaitingCalls {
  length(): number;
  /** Settles at once when too many are waiting, and when the call has waited for as long as it may. */
  push(call: Call, caller: Caller): Promise<Outcome>;
  /** The first that may go to an instance. */
  shift(isFitting: (call: Call) => boolean): WaitingCall | undefined;
  clear(outcome: () => Outcome): void;
}

export interface WaitingLimits {
  readonly limit: number;
  /** Milliseconds. */
  readonly wait: number;
  /** What a call gets that has waited too long. */
  readonly refuse: () => Outcome;
}

export function createWaitingCalls({ limit, wait, refuse }: WaitingLimits): WaitingCalls {
  const queue: (WaitingCall & { readonly since: number })[] = [];
  let expiry: NodeJS.Timeout | undefined;

  /** One timer for the head: all calls may wait equally long. */
  function expireLater(): void {
    const head = queue[0];
    if (head === undefined || expiry !== undefined) return;
    const rest = Math.max(1, head.since + wait - performance.now());
    expiry = setTimeout(() => {
      expiry = undefined;
      while (queue[0] !== undefined && performance.now() - queue[0].since >= wait) queue.shift()?.settle(refuse());
      expireLater();
    }, rest);
  }

  /** Callers that have left keep nobody from waiting. */
  function dropGone(): void {
    for (let place = queue.length - 1; place >= 0; place -= 1) {
      if (queue[place]?.caller.gone === true) queue.splice(place, 1)[0]?.settle({ kind: 'abandoned' });
    }
  }

  return {
    length: () => queue.length,
    push: (call, caller) => {
      if (queue.length >= limit) dropGone();
      if (queue.length >= limit) {
        return Promise.resolve({ kind: 'throttled', reason: `${queue.length} requests are waiting already` });
      }
      return new Promise((settle) => {
        queue.push({ call, caller, settle, since: performance.now() });
        expireLater();
      });
    },
    shift: (isFitting) => {
      const place = queue.findIndex(({ call }) => isFitting(call));
      return place === -1 ? undefined : queue.splice(place, 1)[0];
    },
    clear: (outcome) => {
      clearTimeout(expiry);
      expiry = undefined;
      for (const waiting of queue.splice(0)) waiting.settle(outcome());
    },
  };
}
