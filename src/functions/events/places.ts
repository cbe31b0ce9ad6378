/**
 * Calls in the background that one host makes at a time, by function: one that takes long leaves places to the others. An
 * event that finds none stands in line, and the one that stood the longest is next.
 */
export interface Places {
  /** False: its function has all the places that it may have, and the event stands in line. */
  take(name: string, id: string): boolean;
  /** The event needs its place, or its turn, no more; those who are next, for each of whom a place is kept for a moment. */
  leave(name: string, id: string): readonly string[];
  /** Milliseconds after which an event in line looks by itself: together, those of a function look 20 times a second. */
  pauseOf(name: string): number;
}

export interface PlacesOptions {
  /** Of one function. */
  readonly each: number;
  /** Milliseconds. */
  readonly now: () => number;
}

interface Line {
  readonly taken: Set<string>;
  /** Until when a place is kept for an event that was told that it is next; another host may have it by now. */
  readonly kept: Map<string, number>;
  readonly waiting: Set<string>;
}

const KEPT_FOR = 1000;
const LOOK_AFTER = 1000;
const LOOK_APART = 50;
const LOOK_WITHIN = 600_000;

export function createPlaces({ each, now }: PlacesOptions): Places {
  const lines = new Map<string, Line>();

  function lineOf(name: string): Line {
    const line: Line = lines.get(name) ?? { taken: new Set(), kept: new Map(), waiting: new Set() };
    lines.set(name, line);
    for (const [id, until] of line.kept) if (until <= now()) line.kept.delete(id);
    return line;
  }

  function hasRoom({ taken, kept }: Line): boolean {
    return taken.size + kept.size < each;
  }

  return {
    take: (name, id) => {
      const line = lineOf(name);
      if (!line.kept.delete(id) && !hasRoom(line)) {
        line.waiting.add(id);
        return false;
      }
      line.waiting.delete(id);
      line.taken.add(id);
      return true;
    },
    leave: (name, id) => {
      const line = lineOf(name);
      line.taken.delete(id);
      line.kept.delete(id);
      line.waiting.delete(id);
      const next: string[] = [];
      for (const one of line.waiting) {
        if (!hasRoom(line)) break;
        line.waiting.delete(one);
        line.kept.set(one, now() + KEPT_FOR);
        next.push(one);
      }
      if (line.taken.size + line.kept.size === 0) lines.delete(name);
      return next;
    },
    pauseOf: (name) => {
      const ahead = lines.get(name)?.waiting.size ?? 0;
      return Math.min(LOOK_WITHIN, Math.max(LOOK_AFTER, ahead * LOOK_APART));
    },
  };
}
