import type { SteeringAct } from './port.ts';

/** What a comment asks Funade for, on a line of its own that begins with `/funade`. */
export type Command =
  | { readonly kind: SteeringAct | 'retry'; /** What else the line says. */ readonly why: string | null }
  | { readonly kind: 'unknown'; readonly text: string };

const COMMAND_LINE = /^ {0,3}\/funade(?=\s|$)(.*)$/i;
const FENCE = /^ {0,3}(`{3,}|~{3,})(.*)$/;
const LONGEST_WHY = 500;
const LONGEST_UNKNOWN = 40;

/** In their order. What stands in a code block, a quotation or a hidden HTML comment was not meant for Funade. */
export function commandsIn(body: string): readonly Command[] {
  return linesOf(withoutHidden(body)).flatMap(({ text, isCode }) => {
    const said = isCode ? null : COMMAND_LINE.exec(text);
    return said === null ? [] : [commandOf(said[1]?.trim() ?? '')];
  });
}

/** The comment without its command lines: what is left is for the agent. */
export function withoutCommands(body: string): string {
  return linesOf(body)
    .filter(({ text, isCode }) => isCode || !COMMAND_LINE.test(text))
    .map(({ text }) => text)
    .join('\n')
    .trim();
}

/** Whether a comment on a subject whose task has ended asks for another. */
export function asksForRetry(body: string): boolean {
  return commandsIn(body).some(({ kind }) => kind === 'retry');
}

/** The hidden first line of what Funade writes. */
export function hasMarker(body: string): boolean {
  return /^\s*<!-- funade:/.test(body);
}

/** A search for pairs by one expression would take the square of the time for a comment full of openings. */
function withoutHidden(body: string): string {
  const parts: string[] = [];
  let from = 0;
  for (;;) {
    const start = body.indexOf('<!--', from);
    const end = start === -1 ? -1 : body.indexOf('-->', start + 4);
    if (end === -1) return [...parts, body.slice(from)].join('');
    parts.push(body.slice(from, start), body.slice(start, end).replaceAll(/[^\r\n]+/g, ''));
    from = end + 3;
  }
}

interface Line {
  readonly text: string;
  /** Stands between the fences of a code block, or is one. Lines indented by four are code as well, and never match. */
  readonly isCode: boolean;
}

function linesOf(body: string): readonly Line[] {
  let open: string | null = null;
  return body.split(/\r\n|\r|\n/).map((text) => {
    const [, fence = null, rest = ''] = FENCE.exec(text) ?? [];
    if (open !== null) {
      if (fence !== null && fence.startsWith(open) && rest.trim() === '') open = null;
      return { text, isCode: true };
    }
    // A line of back ticks with more of them behind is code within a line.
    if (fence === null || (fence.startsWith('`') && rest.includes('`'))) return { text, isCode: false };
    open = fence;
    return { text, isCode: true };
  });
}

function commandOf(said: string): Command {
  // No more than these words: "plan ok, but …" is no consent.
  if (/^plan\s+ok[.!]?$/i.test(said)) return { kind: 'approve', why: null };
  const [, word = '', rest = ''] = /^(stop|pause|resume|retry)(?:[.,:!]*\s+(.*)|[.,:!]*)$/i.exec(said) ?? [];
  const why = rest.trim() === '' ? null : rest.trim().slice(0, LONGEST_WHY);
  switch (word.toLowerCase()) {
    case 'stop':
      return { kind: 'stop', why };
    case 'pause':
      return { kind: 'pause', why };
    case 'resume':
      return { kind: 'resume', why };
    case 'retry':
      return { kind: 'retry', why };
    default:
      return { kind: 'unknown', text: said.replaceAll(/[^\p{L}\p{N} -]/gu, '').slice(0, LONGEST_UNKNOWN) };
  }
}
