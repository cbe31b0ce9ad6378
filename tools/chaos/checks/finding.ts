export const FAULTS = ['illegal state', 'lost', 'double effect', 'orphan'] as const;
export type Fault = (typeof FAULTS)[number];

/** Something that must never be, with the evidence for it. */
export interface Finding {
  readonly fault: Fault;
  readonly text: string;
}

export function illegal(text: string): Finding {
  return { fault: 'illegal state', text };
}

export function lost(text: string): Finding {
  return { fault: 'lost', text };
}

export function double(text: string): Finding {
  return { fault: 'double effect', text };
}

/** Values that occur more than once, with their number. */
export function repeated(values: readonly string[]): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].filter(([, count]) => count > 1);
}
