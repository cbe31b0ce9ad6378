import { type Fault, type FunadeError, describeError } from '../kernel/index.ts';
import { storable } from './json.ts';
import type { StageFailure } from './port.ts';

/** An error as it is kept: every fault of it with its place and its fix, then the evidence. */
export function failureOf(error: FunadeError, evidence: readonly string[] = []): StageFailure {
  const { message, fix } = describeError(error, 'en');
  const lines = [...error.faults.map(faultLine), ...evidence].map(storable);
  return {
    code: error.code,
    message: storable(message),
    fix: storable(fix),
    retryable: error.retryable,
    evidence: lines,
  };
}

/** `funade.yaml:12:7 Unknown key "enviroments" … Did you mean "environments"?` */
function faultLine({ file, line, column, message, fix }: Fault): string {
  const place = [file, line, column].filter((part) => part !== undefined).join(':');
  return [place, message, fix].filter((part) => part !== undefined && part !== '').join(' ');
}
