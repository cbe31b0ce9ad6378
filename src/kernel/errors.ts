import { type Language, type MessageValues, fill } from './i18n.ts';
import { japanese } from './errors.ja.ts';
import { type CatalogueEntry, catalogue } from './errors.catalogue.ts';

export type ErrorCode = keyof typeof catalogue;

/** One fault among several of the same input: where it is and what to do about it. */
export interface Fault {
  readonly message: string;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  /** Path inside the document, for example `environments.production.strategy`. */
  readonly path?: string | undefined;
  readonly fix?: string | undefined;
}

/** A command that the reader can try next. */
export interface NextCommand {
  readonly command: string;
  readonly why?: string | undefined;
}

export interface ErrorOptions {
  readonly cause?: unknown;
  readonly faults?: readonly Fault[];
  readonly next?: readonly NextCommand[];
}

/** Every failure that a person or a program meets carries a code of the catalogue. */
export class FunadeError extends Error {
  readonly code: ErrorCode;
  readonly values: MessageValues;
  readonly faults: readonly Fault[];
  readonly next: readonly NextCommand[];

  constructor(code: ErrorCode, values: MessageValues = {}, options: ErrorOptions = {}) {
    super(fill(catalogue[code].message, values), { cause: options.cause });
    this.name = 'FunadeError';
    this.code = code;
    this.values = values;
    this.faults = options.faults ?? [];
    this.next = options.next ?? [];
  }

  get entry(): CatalogueEntry {
    return catalogue[this.code];
  }

  get status(): number {
    return this.entry.status;
  }

  get exitCode(): number {
    return this.entry.exit;
  }

  get retryable(): boolean {
    return this.entry.retryable;
  }
}

/** Message and fix of an error in the reader's language. */
export function describeError(
  error: FunadeError,
  language: Language,
): { readonly message: string; readonly fix: string } {
  const texts = language === 'ja' ? japanese[error.code] : catalogue[error.code];
  return { message: fill(texts.message, error.values), fix: fill(texts.fix, error.values) };
}

export function isFunadeError(value: unknown): value is FunadeError {
  return value instanceof FunadeError;
}

/** The text of anything thrown, for logs and evidence; never for an HTTP answer. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
