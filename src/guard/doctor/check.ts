import type { MessageValues } from '../../kernel/index.ts';
import type { GuardConfig } from '../../config/index.ts';
import type { GuardFacts } from './facts.ts';
import type { DoctorText, DoctorTextKey } from './texts/index.ts';

/** One thing that the doctor looked at, in the reader's language. */
export interface GuardCheck {
  readonly name: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly finding: string;
  readonly fix: string | null;
}

/** What checks judge with. */
export interface Judging {
  readonly text: DoctorText;
  readonly config: Pick<GuardConfig, 'profile' | 'webhook'>;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Judges one side of what was read; pure. Nothing to tell: an empty list. */
export type JudgeFacts = (facts: GuardFacts, judging: Judging) => readonly GuardCheck[];

/** Texts of a check: `name.<name>`, `<key>` and, unless it is fine, `<key>.fix`. */
export function fine(
  text: DoctorText,
  name: DoctorTextKey,
  key: DoctorTextKey,
  values: MessageValues = {},
): GuardCheck {
  return { name: text(name), status: 'ok', finding: text(key, values), fix: null };
}

export function trouble(
  { text, status }: { readonly text: DoctorText; readonly status: 'warn' | 'fail' },
  name: DoctorTextKey,
  key: DoctorTextKey,
  values: MessageValues = {},
): GuardCheck {
  return { name: text(name), status, finding: text(key, values), fix: text(`${key}.fix` as DoctorTextKey, values) };
}
