import type { SubjectKey } from '../api-port.ts';

/**
 * Removals of labels whose answers were lost. When the label is gone at the next try, it may have been us: the forge's own record of
 * label events then tells, which is not asked otherwise.
 */
export interface UncertainRemovals {
  has(subject: SubjectKey, label: string): boolean;
  add(subject: SubjectKey, label: string): void;
  settle(subject: SubjectKey, label: string): void;
}

const MOST = 1000;

export function createUncertainRemovals(): UncertainRemovals {
  const keys = new Set<string>();
  return {
    has: (subject, label) => keys.has(keyOf(subject, label)),
    add: (subject, label) => {
      if (keys.size < MOST) keys.add(keyOf(subject, label));
    },
    settle: (subject, label) => void keys.delete(keyOf(subject, label)),
  };
}

function keyOf({ repository, kind, number }: SubjectKey, label: string): string {
  return JSON.stringify([repository.id ?? repository.fullName, kind, number, label]);
}
