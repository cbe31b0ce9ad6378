import { type Fault, type Language, type MessageValues, fill } from '../kernel/index.ts';
import { type Expected, type FaultKey, type Word, expectedTexts, faultTexts, wordTexts } from './fault-texts.ts';
import { japaneseExpectedTexts, japaneseFaultTexts, japaneseWordTexts } from './fault-texts.ja.ts';
import { nearest } from './nearest.ts';

export type Path = readonly (string | number)[];

/** 1-based, as editors count. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** More than anybody reads at once; a file with more is not the file that was meant. */
const MOST_FAULTS = 200;

/** Gathers the faults of one input, in the reader's language. */
export interface FaultList {
  readonly language: Language;
  add(key: FaultKey, values: MessageValues, where?: { readonly path?: Path; readonly place?: Place | undefined }): void;
  /** Words for what was expected, its example, and small words of the sentences. */
  expected(key: Expected): { readonly words: string; readonly example: string };
  word(key: Word, values?: MessageValues): string;
  /** The same list, where places are those of another file. */
  within(file: string): FaultList;
  count(): number;
  /** All faults: those without a place first, then in the order of the files and of their lines. */
  all(): readonly Fault[];
}

export function createFaultList(language: Language, file?: string): FaultList {
  return listOver(new Map(), language, file);
}

function listOver(faults: Map<string, Fault>, language: Language, file: string | undefined): FaultList {
  const texts = language === 'ja' ? japaneseFaultTexts : faultTexts;
  const expectations = language === 'ja' ? japaneseExpectedTexts : expectedTexts;
  const words = language === 'ja' ? japaneseWordTexts : wordTexts;
  return {
    language,
    add: (key, values, where = {}) => {
      const { message, fix } = texts[key];
      const fault: Fault = {
        message: fill(message, values),
        fix: fill(fix, values),
        file: where.place === undefined ? undefined : file,
        line: where.place?.line,
        column: where.place?.column,
        path: where.path === undefined || where.path.length === 0 ? undefined : formatPath(where.path),
      };
      // Two settings can read the same flag, and an anchor stands for several values: one fault is enough.
      faults.set(`${fault.file}:${fault.line}:${fault.column} ${fault.message}`, fault);
    },
    expected: (key) => expectations[key],
    word: (key, values) => fill(words[key], values),
    within: (name) => listOver(faults, language, name),
    count: () => faults.size,
    all: () => {
      const sorted = [...faults.values()].toSorted(byPlace);
      if (sorted.length <= MOST_FAULTS) return sorted;
      const count = sorted.length - MOST_FAULTS;
      const { message, fix } = texts.more;
      return [...sorted.slice(0, MOST_FAULTS), { message: fill(message, { count }), fix, file }];
    },
  };
}

function byPlace(a: Fault, b: Fault): number {
  const files = Number((a.file ?? '') > (b.file ?? '')) - Number((a.file ?? '') < (b.file ?? ''));
  return files || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}

/** `pipeline[3].deploy.to` */
export function formatPath(path: Path): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '');
}

/** Adds the fault whose text names the nearest known word when there is one, else the one that lists all. */
export function addWithNearest(
  faults: FaultList,
  key:
    | 'unknownKey'
    | 'unknownValue'
    | 'unknownEnvironment'
    | 'unknownMetric'
    | 'settingChoice'
    | 'unknownVariable'
    | 'unknownFile',
  options: {
    readonly word: string;
    readonly known: readonly string[];
    readonly values?: MessageValues;
    readonly path?: Path;
    readonly place?: Place | undefined;
  },
): void {
  const near = nearest(options.word, options.known);
  const known = options.known.length === 0 ? faults.word('none') : options.known.join(', ');
  const where = { ...(options.path && { path: options.path }), place: options.place };
  faults.add(near === undefined ? key : `${key}Near`, { ...options.values, known, nearest: near }, where);
}
