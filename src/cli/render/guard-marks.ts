import type { Language } from '../../kernel/index.ts';
import type { TextKey } from '../locales/index.ts';
import { textOf } from '../locales/index.ts';
import { type Line, type Span, type Tone, span } from './line.ts';
import type { Screen } from './screen.ts';
import { fixLines, indent, paragraph } from './block.ts';

const MARKS = {
  denied: { icon: '✖', ascii: 'x', tone: 'bad', word: 'guard.denied' },
  invalid: { icon: '✖', ascii: 'x', tone: 'bad', word: 'guard.invalid' },
  fault: { icon: '✖', ascii: 'x', tone: 'bad', word: 'guard.fault' },
  uncertain: { icon: '⊘', ascii: '!', tone: 'warn', word: 'guard.uncertain' },
  warned: { icon: '⊘', ascii: '!', tone: 'warn', word: 'guard.warned' },
  allowed: { icon: '✔', ascii: '+', tone: 'good', word: 'guard.allowed' },
  bypassed: { icon: '•', ascii: '.', tone: 'dim', word: 'guard.bypassed' },
  skipped: { icon: '•', ascii: '.', tone: 'dim', word: 'guard.skipped' },
  note: { icon: '•', ascii: '.', tone: 'dim', word: 'guard.note' },
} as const satisfies Readonly<
  Record<string, { readonly icon: string; readonly ascii: string; readonly tone: Tone; readonly word: TextKey }>
>;
export type GuardMark = keyof typeof MARKS;

/** What the guard says to something, as an icon and a word. */
export function guardMark(mark: GuardMark, screen: Screen): Span {
  const { icon, ascii, tone, word } = MARKS[mark];
  return span(`${screen.ascii ? ascii : icon} ${textOf(screen.language)(word)}`, tone);
}

export function guardWord(mark: GuardMark, screen: Pick<Screen, 'language'>): string {
  return textOf(screen.language)(MARKS[mark].word);
}

/** Standard input has no name of its own. */
export function shownFile(file: string, language: Language): string {
  return file === '-' ? textOf(language)('guard.stdin') : file;
}

/** A reason and how to mend it, below a heading. */
export function reasonLines(reason: string, fix: string | null | undefined, screen: Screen): readonly Line[] {
  const inner = { ...screen, width: screen.width - 2 };
  return indent([...paragraph([], reason, { width: inner.width }), ...(fix == null ? [] : fixLines(fix, inner))], '  ');
}
