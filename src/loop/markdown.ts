/* Text of others in Markdown of ours: it is shown as it is, and is never read as Markdown, a mention or an order. */

/** Line breaks, and what has no shape: controls, and characters that turn the direction of the text around them. */
const SHAPELESS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/** On one line, in a code span that it can't end; `–` for nothing. */
export function code(text: string, longest = 200): string {
  const line = cut(text.replaceAll(SHAPELESS, ' ').trim(), longest);
  if (line === '') return '–';
  const mark = '`'.repeat(longestRun(line) + 1);
  const pad = mark.length > 1 ? ' ' : '';
  return `${mark}${pad}${line}${pad}${mark}`;
}

/** The same in a cell of a table, where even code ends at a bar. */
export function cell(text: string, longest = 200): string {
  return code(text, longest).replaceAll('|', String.raw`\|`);
}

/** Lines in a block that they can't end. The last ones are shown where they are too many. */
export function block(lines: readonly string[], longest: number): string {
  const kept: string[] = [];
  let length = 0;
  for (const line of lines.toReversed()) {
    const shown = cut(line.replaceAll('\t', '  ').replaceAll(SHAPELESS, ' ').trimEnd(), 500);
    length += shown.length + 1;
    if (length > longest) break;
    kept.push(shown);
  }
  const text = kept.toReversed().join('\n');
  const fence = '`'.repeat(Math.max(3, longestRun(text) + 1));
  return `${fence}text\n${text}\n${fence}`;
}

/** Plain text on one line for a title. */
export function oneLine(text: string, longest: number): string {
  return cut(text.replaceAll(SHAPELESS, ' ').trim(), longest);
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
}

function cut(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
