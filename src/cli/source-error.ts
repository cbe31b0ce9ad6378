import { type ErrorCode, type Fault, FunadeError } from '../kernel/index.ts';

/** Faults of a file together with its text, so that the faulty lines can be shown. */
export class SourceError extends FunadeError {
  readonly file: string;
  readonly source: string;

  constructor(file: string, source: string, faults: readonly Fault[], code: ErrorCode = 'FUN_CONFIG_INVALID') {
    super(code, { file, count: faults.length }, { faults });
    this.file = file;
    this.source = source;
  }
}
