import type { StoredEvent } from '../../store/index.ts';

export interface RingEntry {
  readonly event: StoredEvent;
  /** The event as it goes over the wire, made once for all clients. */
  readonly frame: string;
}

/**
 * The newest events in the order in which the log hands them out. Readers keep a sequence number of this process; an event's
 * position in the log only ever *finds* a place here and is never compared, so the order of the log is the only one.
 */
export interface EventRing {
  /** Sequence number that the next event will get. */
  head(): number;
  /** Lowest sequence number that is still kept. */
  oldest(): number;
  at(sequence: number): RingEntry | undefined;
  /** Sequence number of what follows the event at `position`; `undefined` when that place is not in the ring. */
  following(position: number): number | undefined;
  append(event: StoredEvent): void;
}

/** A ring that begins right behind the event at `start` (0: behind nothing) and keeps between `size` and 2 × `size`. */
export function createEventRing(start: number, size: number): EventRing {
  let entries: RingEntry[] = [];
  let first = 0;
  let begin: number | null = start;
  const sequences = new Map<number, number>();
  return {
    head: () => first + entries.length,
    oldest: () => first,
    at: (sequence) => entries[sequence - first],
    following: (position) => {
      if (position === begin) return 0;
      const sequence = sequences.get(position);
      return sequence === undefined ? undefined : sequence + 1;
    },
    append: (event) => {
      if (entries.length >= size * 2) {
        for (const { event: old } of entries.slice(0, size)) sequences.delete(old.position);
        entries = entries.slice(size);
        first += size;
        begin = null;
      }
      sequences.set(event.position, first + entries.length);
      entries.push({ event, frame: frameOf(event) });
    },
  };
}

export function frameOf(event: StoredEvent): string {
  return `id: ${event.position}\ndata: ${JSON.stringify(event)}\n\n`;
}
