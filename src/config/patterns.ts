/**
 * Whether a branch or tag name matches a pattern: `*` stands for anything within one segment, `**` also across `/`,
 * every other character for itself. The whole name has to match. Time is pattern × name, whatever the pattern.
 */
export function matchesPattern(pattern: string, ref: string): boolean {
  let reachable = new Array<boolean>(ref.length + 1).fill(false);
  reachable[0] = true;
  for (const token of tokens(pattern)) reachable = step(token, ref, reachable);
  return reachable[ref.length] === true;
}

function tokens(pattern: string): readonly string[] {
  return pattern.match(/\*{2,}|\*|[^*]/gsu) ?? [];
}

/** Positions of `ref` that can be reached after `token`, given those that could be reached before it. */
function step(token: string, ref: string, before: readonly boolean[]): boolean[] {
  const after = new Array<boolean>(ref.length + 1).fill(false);
  if (!token.startsWith('*')) {
    for (let at = 0; at + token.length <= ref.length; at += 1) {
      if (before[at] === true && ref.startsWith(token, at)) after[at + token.length] = true;
    }
    return after;
  }
  const crossesSegments = token.length > 1;
  for (let at = 0; at <= ref.length; at += 1) {
    const continued = at > 0 && after[at - 1] === true && (crossesSegments || ref[at - 1] !== '/');
    after[at] = before[at] === true || continued;
  }
  return after;
}
