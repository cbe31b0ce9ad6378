import type { Hpa, TargetRef } from '../objects/state.ts';
import { targetKey } from './sameness.ts';

/** HPAs by what they scale. */
export interface TargetIndex {
  /** By name, whatever happened before: answers must not depend on the order in which the watch told things. */
  on(target: TargetRef): readonly Hpa[];
  update(before: Hpa | null, after: Hpa | null): void;
}

const NONE: readonly Hpa[] = [];

export function createTargetIndex(): TargetIndex {
  const byTarget = new Map<string, readonly Hpa[]>();

  function without(hpa: Hpa): void {
    const key = targetKey(hpa.target);
    const rest = byTarget.get(key)?.filter(({ name }) => name !== hpa.name) ?? NONE;
    if (rest.length === 0) byTarget.delete(key);
    else byTarget.set(key, rest);
  }

  return {
    on: (target) => byTarget.get(targetKey(target)) ?? NONE,
    update: (before, after) => {
      if (before !== null) without(before);
      if (after === null) return;
      const key = targetKey(after.target);
      const others = byTarget.get(key) ?? NONE;
      const at = others.findIndex(({ name }) => name > after.name);
      byTarget.set(key, others.toSpliced(at === -1 ? others.length : at, 0, after));
    },
  };
}
