import { findTopFunctions } from './rust-source.ts';

/** Why a function does not compile. */
export interface Diagnostic {
  readonly message: string;
  /** From 1, in characters; of the user's own text, whatever was put behind it. */
  readonly line: number;
  readonly column: number;
  /** Such as `E0308`; null when the compiler has none for it. */
  readonly code: string | null;
  /** The file within the function's directory. */
  readonly file: string;
}

export interface DiagnosedBuild {
  /** The user's text, without what `planBuild` puts behind it. */
  readonly source: string;
  readonly file: string;
  readonly directory: string;
}

/** The parts of rustc's JSON that are used here. */
interface Message {
  readonly level: string;
  readonly message: string;
  readonly code: { readonly code: string } | null;
  readonly spans: readonly Span[];
  readonly children: readonly { readonly message: string }[];
}

interface Span {
  readonly file_name: string;
  readonly line_start: number;
  readonly column_start: number;
  readonly is_primary: boolean;
  readonly label: string | null;
  /** Set when the place is in what a macro made: where it was called. */
  readonly expansion: { readonly span: Span } | null;
}

/** `cannot find value in this scope`. */
const UNKNOWN_NAME = 'E0425';

type Place = Pick<Diagnostic, 'line' | 'column' | 'file'>;

/**
 * Errors that rustc wrote with `--error-format=json`, in its order. Warnings and its closing words are left out. Empty when it
 * ended for another reason, for instance because it was killed.
 */
export function parseDiagnostics(output: string, build: DiagnosedBuild): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  for (const line of output.split('\n')) {
    const message = readMessage(line);
    if (message === null || !message.level.startsWith('error') || message.message.startsWith('aborting due to'))
      continue;
    diagnostics.push({
      message: textOf(message, build).replaceAll(`${build.directory}/`, ''),
      code: message.code?.code ?? null,
      ...placeOf(message, build),
    });
  }
  return diagnostics;
}

function readMessage(line: string): Message | null {
  if (!line.startsWith('{')) return null;
  try {
    const parsed = JSON.parse(line) as Partial<Message> & { readonly $message_type?: string };
    return parsed.$message_type === 'diagnostic' ? (parsed as Message) : null;
  } catch {
    return null; // cut off, or something else that begins like JSON
  }
}

/** `mismatched types` alone says little; the label of its place says which. */
function textOf(message: Message, build: DiagnosedBuild): string {
  if (message.message.startsWith('linking with')) return `linking failed${undefinedSymbols(message)}`;
  const primary = message.spans.find((span) => span.is_primary);
  if (message.code?.code === UNKNOWN_NAME && primary !== undefined && isBehind(primary, build)) {
    return 'there is no function called handler';
  }
  const text = message.message.trim();
  const label = primary?.label ?? '';
  const isNew = label !== '' && !text.includes(label) && message.code?.code !== UNKNOWN_NAME;
  return isNew ? `${text}: ${label}` : text;
}

/** The compiler shows the whole command line and what the linker wrote; of that, the symbols. */
function undefinedSymbols(message: Message): string {
  const written = message.children.map((child) => child.message).join('\n');
  const symbols = [...written.matchAll(/undefined (?:symbol: |reference to [`'])([^\s'`]+)/g)].map(
    ([, symbol]) => symbol,
  );
  return symbols.length === 0 ? '' : `: undefined ${[...new Set(symbols)].join(', ')}`;
}

function placeOf(message: Message, build: DiagnosedBuild): Place {
  const spans = message.spans.toSorted((one, other) => Number(other.is_primary) - Number(one.is_primary));
  const places = spans.map((span) => placeOfSpan(span, build));
  const own = places.find((place) => place !== null);
  return own ?? placeOfWrapper(message, build);
}

/** Null when it is not in what the user wrote. */
function placeOfSpan(span: Span, build: DiagnosedBuild): Place | null {
  for (let at: Span | undefined = span; at !== undefined; at = at.expansion?.span) {
    const file = fileOf(at, build);
    if (file !== null) return isBehind(at, build) ? null : { file, line: at.line_start, column: at.column_start };
  }
  return null;
}

/** Null for the code of libraries. */
function fileOf(span: Span, build: DiagnosedBuild): string | null {
  const inside = `${build.directory}/`;
  const file = span.file_name.startsWith(inside) ? span.file_name.slice(inside.length) : span.file_name;
  return /^[/<]|^funade_rt\//.test(file) ? null : file.replace(/^\.\//, '');
}

/** In what `planBuild` put behind the user's text. */
function isBehind(span: Span, build: DiagnosedBuild): boolean {
  return fileOf(span, build) === build.file && span.line_start > build.source.split('\n').length;
}

/** What is wrong where `handler` is used is wrong with `handler`; else it is something without an end, such as a brace. */
function placeOfWrapper(message: Message, build: DiagnosedBuild): Place {
  const { file, source } = build;
  const handler = findTopFunctions(source).find(({ name }) => name === 'handler');
  if (handler !== undefined && message.spans.length > 0) return { file, line: handler.line, column: handler.column };
  return { file, line: 1, column: 1 };
}
