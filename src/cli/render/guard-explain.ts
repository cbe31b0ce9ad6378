import { textOf } from '../locales/index.ts';
import { fixLines, paragraph } from './block.ts';
import { print, span } from './line.ts';
import type { Screen } from './screen.ts';

/** Cause and fix of an error text. */
export function renderExplanation(
  { cause, fix }: { readonly cause: string; readonly fix: string },
  screen: Screen,
): string[] {
  const label = `${textOf(screen.language)('guard.explained')}: `;
  const lines = [...paragraph([span(label, 'strong')], cause, { width: screen.width }), ...fixLines(fix, screen)];
  return lines.map((line) => print(line, screen));
}
