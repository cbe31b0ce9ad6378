import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

export type LiveState = 'connecting' | 'live' | 'reconnecting';

/** The part of `EventSource` that is used here. */
export interface EventStream {
  addEventListener(type: 'open' | 'message' | 'error', listener: () => void): void;
  close(): void;
}

export interface FollowOptions {
  readonly connect: () => EventStream;
  /** Between 0 and 1, as `Math.random`. */
  readonly random: () => number;
  readonly onState: (state: LiveState) => void;
  /** Something may have changed: an event came, or the stream (re)opened and events may have been missed. */
  readonly onChange: () => void;
  /** The stream broke; the session may have ended too. */
  readonly onLost: () => void;
}

const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 30_000;

/** Milliseconds before attempt `attempt` (0 = first): doubles up to 30 s, spread over its upper half. */
export function reconnectDelay(attempt: number, random: number): number {
  const ceiling = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt);
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}

/**
 * Keeps an event stream open until the returned function is called. `EventSource` gives up for good on an HTTP error
 * and retries at a fixed pace otherwise, so every break closes it and a new one is opened after a growing delay.
 * Nothing is replayed: a reopened stream reports one change, and the page reads the current state.
 */
export function followEvents(options: FollowOptions): () => void {
  let attempt = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stream: EventStream;

  function open(): void {
    stream = options.connect();
    stream.addEventListener('open', () => {
      attempt = 0;
      options.onState('live');
      options.onChange();
    });
    stream.addEventListener('message', () => options.onChange());
    stream.addEventListener('error', () => {
      stream.close();
      options.onState('reconnecting');
      options.onLost();
      timer = setTimeout(open, reconnectDelay(attempt, options.random()));
      attempt += 1;
    });
  }

  options.onState('connecting');
  open();
  return () => {
    clearTimeout(timer);
    stream.close();
  };
}

export interface Refresher {
  readonly request: () => void;
  readonly stop: () => void;
}

const SETTLE_MS = 80;
const REST_MS = 700;

/**
 * Turns a burst of events into few refreshes: one soon after the first event, then at most one per rest, never two at a
 * time, and always one that begins after the last event.
 */
export function createRefresher(refresh: () => Promise<unknown>): Refresher {
  let busy = false;
  let wanted = false;
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function run(): Promise<void> {
    wanted = false;
    try {
      await refresh();
    } finally {
      if (!stopped) timer = setTimeout(rested, REST_MS);
    }
  }

  function rested(): void {
    busy = false;
    if (wanted) request();
  }

  function request(): void {
    wanted = true;
    if (busy || stopped) return;
    busy = true;
    timer = setTimeout(() => void run(), SETTLE_MS);
  }

  return {
    request,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/** Follows the server's events while `enabled` and re-reads what is on the screen whenever something changed. */
export function useLive(enabled: boolean): LiveState {
  const queries = useQueryClient();
  const [state, setState] = useState<LiveState>('connecting');
  useEffect(() => {
    if (!enabled) return;
    const refresher = createRefresher(() =>
      queries.invalidateQueries({ predicate: (query) => query.queryKey[0] !== 'session' }),
    );
    const stop = followEvents({
      connect: () => new EventSource('/api/v1/events'),
      random: Math.random,
      onState: setState,
      onChange: refresher.request,
      onLost: () => void queries.invalidateQueries({ queryKey: ['session'] }),
    });
    return () => {
      stop();
      refresher.stop();
    };
  }, [enabled, queries]);
  return state;
}
