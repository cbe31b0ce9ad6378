import type { Fault, Language, MessageValues } from '../../kernel/index.ts';
import { type OfflineTextKey, offlineText } from './texts/index.ts';

/** Faults that end a file, a document or an object; each has a text of the same name, and one with `.fix`. */
export const MANIFEST_FAULTS = [
  'unreadable',
  'tooLarge',
  'notText',
  'syntax',
  'template',
  'duplicateKey',
  'aliases',
  'tooDeep',
  'notAnObject',
  'noKind',
  'noName',
  'field',
  'maxBelowMin',
  'badList',
  'review',
  'noOld',
  'record',
] as const;
export type ManifestFaultCode = (typeof MANIFEST_FAULTS)[number];

/** What can't be read of a manifest, and where. */
export interface ManifestFault {
  readonly code: ManifestFaultCode;
  readonly values: MessageValues;
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  /** Path inside the object. */
  readonly path?: string;
}

/** The fault in the reader's language. */
export function tellFault({ code, values, ...place }: ManifestFault, language: Language): Fault {
  const text = offlineText(language);
  return { ...place, message: text(`fault.${code}`, values), fix: text(`fault.${code}.fix` as OfflineTextKey, values) };
}
