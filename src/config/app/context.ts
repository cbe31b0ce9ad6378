import type { FaultList } from '../faults.ts';
import type { YamlDocument } from '../yaml-document.ts';

/** What the outside knows and a file can refer to. */
export interface KnownNames {
  /** Ids of deploy targets. */
  readonly targets: readonly string[];
  /** Metrics of each provider. */
  readonly providers: Readonly<Record<string, readonly string[]>>;
}

/** A reader of one section gets the whole file (for places) and adds to the same list of faults. */
export interface ReadContext {
  readonly document: YamlDocument;
  readonly faults: FaultList;
  readonly known: KnownNames;
  /** Paths of keys that are there under a wrong spelling, so that they are not told as missing too; grows while reading. */
  readonly misspelt: Set<string>;
}

export function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
