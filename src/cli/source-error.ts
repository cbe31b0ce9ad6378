import { type Fault, FunadeError } from '../kernel/index.ts';

/** Faults of a file together with its text, so that the faulty lines can be shown. */
export class SourceError extends FunadeError {
  readonly file: string;
  readonly source: string;

  constructor(file: string, source: string, faults: readonly Fault[]) {
    super('FUN_CONFIG_INVALID', { file, count: faults.length }, { faults });
    this.file = file;
    this.source = source;
  }
}
