import type { WaitView } from '../../api/contract/index.ts';
import { formatDuration } from '../../kernel/index.ts';
import { textOf } from '../locales/index.ts';
import { type Line, type Tone, span } from './line.ts';
import { iconOf } from './marks.ts';
import type { Screen } from './screen.ts';
import { clean, widthOf, wrap } from './text.ts';

/** A paragraph: `first` stands before its first line, the following ones are indented as deep. */
export function paragraph(
  first: Line,
  text: string,
  options: { readonly width: number; readonly tone?: Tone },
): readonly Line[] {
  const depth = first.reduce((sum, part) => sum + widthOf(part.text), 0);
  return wrap(clean(text), options.width - depth).map((line, index) => [
    ...(index === 0 ? first : [span(' '.repeat(depth))]),
    span(line, options.tone),
  ]);
}

/** Parts that stay whole, as many on a line as fit. */
export function flow(
  parts: readonly Line[],
  options: { readonly width: number; readonly gap: number },
): readonly Line[] {
  const lines: Line[] = [];
  let line: Line = [];
  let used = 0;
  for (const part of parts) {
    const size = part.reduce((sum, piece) => sum + widthOf(piece.text), 0);
    if (used > 0 && used + options.gap + size > options.width) {
      lines.push(line);
      line = [];
      used = 0;
    }
    line = used === 0 ? part : [...line, span(' '.repeat(options.gap)), ...part];
    used += (used === 0 ? 0 : options.gap) + size;
  }
  return used === 0 ? lines : [...lines, line];
}

/** Commands that the reader can copy, one a line, each with its reason. */
export function nextLines(
  next: readonly { readonly command: string; readonly why?: string | undefined }[],
  screen: Screen,
): readonly Line[] {
  const arrow = screen.ascii ? '-> ' : '→ ';
  return next.flatMap(({ command, why }): readonly Line[] => {
    const start: Line = [span(arrow, 'dim'), span(clean(command), 'strong')];
    if (why === undefined || why === '') return [start];
    const reason = clean(why);
    const used = widthOf(arrow) + widthOf(clean(command)) + 2;
    if (used + widthOf(reason) <= screen.width) return [[...start, span(`  ${reason}`, 'dim')]];
    return [start, ...paragraph([span(' '.repeat(widthOf(arrow)))], reason, { width: screen.width, tone: 'dim' })];
  });
}

/** Cause, since when, until when, who can end it, and the commands that do. */
export function waitLines(wait: WaitView, screen: Screen): readonly Line[] {
  const text = textOf(screen.language);
  const age = text('wait.since', { duration: formatDuration(Math.max(0, screen.now - wait.since)) });
  const limit = limitOf(wait.until, screen);
  const icon = iconOf({ icon: 'waiting', word: 'state.waiting' }, screen);
  const inner = { ...screen, width: screen.width - 2 };
  return [
    ...paragraph([icon, span(' ')], `${wait.cause} (${text('wait.times', { age, limit })})`, { width: screen.width }),
    ...paragraph([span('  ')], text('wait.endedBy', { who: wait.endedBy }), { width: screen.width, tone: 'dim' }),
    ...nextLines(wait.next, inner).map((line): Line => [span('  '), ...line]),
  ];
}

function limitOf(until: number | null, screen: Screen): string {
  const text = textOf(screen.language);
  if (until === null) return text('wait.noLimit');
  if (until <= screen.now) return text('wait.due');
  return text('wait.until', { duration: formatDuration(until - screen.now) });
}

/** Rows behind a finding, marked as quoted. */
export function evidenceLines(evidence: readonly string[], screen: Screen): readonly Line[] {
  const bar = span(screen.ascii ? '| ' : '▏ ', 'dim');
  return evidence.flatMap((row) => wrap(clean(row), screen.width - 2).map((part): Line => [bar, span(part)]));
}

export function fixLines(fix: string, screen: Screen): readonly Line[] {
  const label = `${textOf(screen.language)('fix')} `;
  return paragraph([span(label, 'strong')], fix, { width: screen.width });
}

export function indent(lines: readonly Line[], prefix: string, tone: Tone = 'dim'): readonly Line[] {
  return lines.map((line) => [span(prefix, tone), ...line]);
}
