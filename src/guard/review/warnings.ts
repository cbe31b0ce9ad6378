/** Characters of one warning; Kubernetes cuts longer ones, and with them how to mend it. */
const LONGEST = 256;
/** Characters of all warnings of an answer; Kubernetes drops what is over it. */
const MOST = 4096;
const GOES_ON = '…';

/**
 * Warnings as Kubernetes takes them: one line each, no control characters, 256 characters at most. A longer one is told in
 * several, which end and begin at a space where there is one. What does not fit into 4096 characters is left out from the end.
 */
export function fitWarnings(warnings: readonly string[]): readonly string[] {
  const fitted: string[] = [];
  let total = 0;
  for (const warning of new Set(warnings)) {
    const parts = split(oneLine(warning.slice(0, 2 * MOST)));
    total += parts.reduce((sum, part) => sum + lengthOf(part), 0);
    // One that is too long alone is told as far as it fits.
    if (total > MOST) return fitted.length > 0 ? fitted : parts.slice(0, MOST / LONGEST);
    fitted.push(...parts);
  }
  return fitted;
}

function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
}

function split(text: string): readonly string[] {
  const parts: string[] = [];
  let rest = Array.from(text);
  while (rest.length > LONGEST) {
    const head = rest.slice(0, LONGEST - GOES_ON.length);
    const space = head.lastIndexOf(' ');
    const end = space > LONGEST / 2 ? space : head.length;
    parts.push(`${head.slice(0, end).join('').trimEnd()}${GOES_ON}`);
    rest = Array.from(rest.slice(end).join('').trimStart());
  }
  return rest.length === 0 ? parts : [...parts, rest.join('')];
}

function lengthOf(text: string): number {
  return Array.from(text).length;
}
