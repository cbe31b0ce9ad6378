import type { Language } from '../../kernel/index.ts';

/** What a renderer needs to know of the place that shows its lines. */
export interface Screen {
  /** Columns; a full-width character takes two. */
  readonly width: number;
  readonly language: Language;
  readonly color: boolean;
  /** Icons, bars and tree lines in ASCII, for locales that are not UTF-8. */
  readonly ascii: boolean;
  /** Epoch milliseconds that running durations are counted to. */
  readonly now: number;
  /** Tables as tab-separated records without headings, for other programs. */
  readonly plain?: boolean;
}
