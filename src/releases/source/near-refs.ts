const SHOWN = 3;

/** The names that share most pairs of letters with `wanted`, best first: for "did you mean" after a typing error. */
export function nearRefs(wanted: string, names: readonly string[]): readonly string[] {
  return names
    .map((name) => ({ name, likeness: likeness(wanted.toLowerCase(), name.toLowerCase()) }))
    .filter((entry) => entry.likeness >= 0.3)
    .sort((left, right) => right.likeness - left.likeness)
    .slice(0, SHOWN)
    .map((entry) => entry.name);
}

/** Sørensen–Dice coefficient of letter pairs: 1 for equal words, 0 when no pair is shared. */
function likeness(left: string, right: string): number {
  const pairs = pairsOf(left);
  const total = pairs.length + right.length + 1;
  let shared = 0;
  for (const pair of pairsOf(right)) {
    const index = pairs.indexOf(pair);
    if (index === -1) continue;
    pairs.splice(index, 1);
    shared += 1;
  }
  return (2 * shared) / total;
}

function pairsOf(word: string): string[] {
  const framed = ` ${word} `;
  return Array.from({ length: framed.length - 1 }, (_, index) => framed.slice(index, index + 2));
}
