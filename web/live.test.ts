import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type EventStream, type LiveState, createRefresher, followEvents, reconnectDelay } from './live.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the delay before a new attempt', () => {
  test('doubles from one second up to thirty', () => {
    expect([0, 1, 2, 3, 4, 5, 20].map((attempt) => reconnectDelay(attempt, 1))).toEqual([
      1000, 2000, 4000, 8000, 16_000, 30_000, 30_000,
    ]);
  });

  test('is spread over its upper half, so that many pages do not return at once', () => {
    expect(reconnectDelay(3, 0)).toBe(4000);
    expect(reconnectDelay(3, 0.5)).toBe(6000);
  });
});

/** An event stream whose end the test holds. */
class HeldStream extends EventTarget implements EventStream {
  closed = false;
  close(): void {
    this.closed = true;
  }
  say(type: 'open' | 'message' | 'error'): void {
    this.dispatchEvent(new Event(type));
  }
}

describe('following events', () => {
  function follow() {
    const streams: HeldStream[] = [];
    const states: LiveState[] = [];
    const counts = { changes: 0, lost: 0 };
    const stop = followEvents({
      connect: () => {
        const stream = new HeldStream();
        streams.push(stream);
        return stream;
      },
      random: () => 1,
      onState: (state) => states.push(state),
      onChange: () => (counts.changes += 1),
      onLost: () => (counts.lost += 1),
    });
    return { streams, states, counts, stop, last: () => streams.at(-1) as HeldStream };
  }

  test('reports a change on opening and for every event', () => {
    const { states, counts, last } = follow();
    last().say('open');
    last().say('message');
    last().say('message');
    expect(states).toEqual(['connecting', 'live']);
    expect(counts.changes).toBe(3);
  });

  test('opens a new stream after each break, later each time, and soon again after it was live', () => {
    const { streams, states, counts, last } = follow();
    last().say('error');
    expect(last().closed).toBe(true);
    vi.advanceTimersByTime(1000);
    last().say('error');
    vi.advanceTimersByTime(1999);
    expect(streams).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(streams).toHaveLength(3);
    last().say('open');
    last().say('error');
    vi.advanceTimersByTime(1000);
    expect(streams).toHaveLength(4);
    expect(states).toEqual(['connecting', 'reconnecting', 'reconnecting', 'live', 'reconnecting']);
    expect(counts.lost).toBe(3);
  });

  test('ends with its stop, also between two attempts', () => {
    const { streams, last, stop } = follow();
    last().say('error');
    stop();
    vi.advanceTimersByTime(60_000);
    expect(streams).toHaveLength(1);
  });
});

describe('refreshing', () => {
  test('a burst of events makes one refresh', async () => {
    const refresh = vi.fn(() => Promise.resolve());
    const refresher = createRefresher(refresh);
    for (let count = 0; count < 50; count += 1) refresher.request();
    await vi.advanceTimersByTimeAsync(5000);
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  test('an event during a refresh is followed by another one, never beside it', async () => {
    const ends: (() => void)[] = [];
    const refresh = vi.fn(() => new Promise<void>((resolve) => ends.push(resolve)));
    const refresher = createRefresher(refresh);
    refresher.request();
    await vi.advanceTimersByTimeAsync(100);
    refresher.request();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(refresh).toHaveBeenCalledTimes(1);
    ends[0]?.();
    await vi.advanceTimersByTimeAsync(1000);
    expect(refresh).toHaveBeenCalledTimes(2);
  });

  test('a steady stream of events makes about one refresh in 0.8 s', async () => {
    const refresh = vi.fn(() => Promise.resolve());
    const refresher = createRefresher(refresh);
    for (let count = 0; count < 800; count += 1) {
      refresher.request();
      await vi.advanceTimersByTimeAsync(10);
    }
    expect(refresh.mock.calls.length).toBeGreaterThanOrEqual(9);
    expect(refresh.mock.calls.length).toBeLessThanOrEqual(11);
  });

  test('a stopped refresher does nothing more', async () => {
    const refresh = vi.fn(() => Promise.resolve());
    const refresher = createRefresher(refresh);
    refresher.request();
    refresher.stop();
    refresher.request();
    await vi.advanceTimersByTimeAsync(5000);
    expect(refresh).not.toHaveBeenCalled();
  });
});
