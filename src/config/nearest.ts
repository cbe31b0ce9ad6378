/**
 * The known word that a typo most likely meant, or `undefined` when none is near: at most a third of the letters may
 * differ (a swap of two neighbours counts once), and upper and lower case are the same. Else the one that was written too
 * short or too long, when there is only one: `singleReplica` for `singleReplicaUnderHpa`, `warning` for `warn`.
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best ?? onlyOne(known, (candidate) => isPart(word.toLowerCase(), candidate.toLowerCase()));
}

/** A few letters are the start of many words that mean something else. */
const SHORTEST_PART = 4;

/** Whether one of the two is the start of the other; what was written too long is at most twice as long. */
function isPart(word: string, candidate: string): boolean {
  if (Math.min(word.length, candidate.length) < SHORTEST_PART) return false;
  return candidate.startsWith(word) || (word.startsWith(candidate) && word.length <= 2 * candidate.length);
}

function onlyOne(known: readonly string[], fits: (candidate: string) => boolean): string | undefined {
  const fitting = known.filter(fits);
  return fitting.length === 1 ? fitting[0] : undefined;
}

/** Insertions, deletions, replacements and swaps of neighbours between two words (optimal string alignment). */
function editDistance(from: string, to: string): number {
  if (Math.abs(from.length - to.length) > 10) return Number.POSITIVE_INFINITY;
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = (last[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      let cost = Math.min((last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, replaced);
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length] ?? 0;
}
